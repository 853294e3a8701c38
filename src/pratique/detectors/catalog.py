"""The one list of rules. Adding a rule means adding one line here."""

from typing import Any

from pratique.core.finding import Rule, RuleId
from pratique.detectors.base import Detector
from pratique.detectors.integrity.archive_bomb import ArchiveBomb
from pratique.detectors.integrity.archive_corrupt_entry import ArchiveCorruptEntry
from pratique.detectors.integrity.archive_deceptive_name import ArchiveDeceptiveName
from pratique.detectors.integrity.archive_directory_broken import ArchiveDirectoryBroken
from pratique.detectors.integrity.archive_duplicate_name import ArchiveDuplicateName
from pratique.detectors.integrity.archive_false_encryption import ArchiveFalseEncryption
from pratique.detectors.integrity.archive_headers_disagree import ArchiveHeadersDisagree
from pratique.detectors.integrity.archive_hidden_entry import ArchiveHiddenEntry
from pratique.detectors.integrity.archive_link_escape import ArchiveLinkEscape
from pratique.detectors.integrity.archive_name_escape import ArchiveNameEscape
from pratique.detectors.integrity.archive_overlapping_entries import ArchiveOverlappingEntries
from pratique.detectors.integrity.archive_special_file import ArchiveSpecialFile
from pratique.detectors.integrity.archive_unopened_content import ArchiveUnopenedContent
from pratique.detectors.integrity.wheel_record_mismatch import WheelRecordMismatch
from pratique.detectors.malware.torchscript_file_access import TorchScriptFileAccess
from pratique.detectors.malware.torchscript_network_access import TorchScriptNetworkAccess
from pratique.detectors.malware.torchscript_unknown_operator import TorchScriptUnknownOperator

CATALOG: tuple[type[Detector[Any]], ...] = (
    # one rule a line, by id
    ArchiveNameEscape,
    ArchiveLinkEscape,
    ArchiveSpecialFile,
    ArchiveBomb,
    ArchiveOverlappingEntries,
    ArchiveCorruptEntry,
    ArchiveHeadersDisagree,
    ArchiveFalseEncryption,
    ArchiveDuplicateName,
    ArchiveHiddenEntry,
    ArchiveUnopenedContent,
    WheelRecordMismatch,
    ArchiveDeceptiveName,
    ArchiveDirectoryBroken,
    TorchScriptFileAccess,
    TorchScriptNetworkAccess,
    TorchScriptUnknownOperator,
)


def rules() -> dict[RuleId, Rule]:
    """Return every rule's card by its id."""
    return {make.rule.id: make.rule for make in CATALOG}


def find(word: str) -> type[Detector[Any]] | None:
    """Return the rule with this id or slug, or None."""
    word = word.lower()
    return next((m for m in CATALOG if word in {m.rule.id.lower(), m.rule.slug}), None)
