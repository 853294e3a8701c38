"""The one list of rules. Adding a rule means adding one line here, and `make docs` once."""

from typing import Any

from pratique.core.finding import RuleId
from pratique.detectors.backdoors.auto_map_foreign_code import AutoMapForeignCode
from pratique.detectors.backdoors.auto_map_local_code import AutoMapLocalCode
from pratique.detectors.backdoors.card_instructs_agents import CardInstructsAgents
from pratique.detectors.backdoors.code_runs_at_startup import CodeRunsAtStartup
from pratique.detectors.backdoors.config_evaluates_expression import ConfigEvaluatesExpression
from pratique.detectors.backdoors.config_names_callable import ConfigNamesCallable
from pratique.detectors.backdoors.config_reads_environment import ConfigReadsEnvironment
from pratique.detectors.backdoors.generation_custom_code import GenerationCustomCode
from pratique.detectors.backdoors.mar_handler import MarHandler
from pratique.detectors.backdoors.mlmodel_path_escapes import MlmodelPathEscapes
from pratique.detectors.backdoors.mlmodel_python_loader import MlmodelPythonLoader
from pratique.detectors.backdoors.modelfile_foreign_source import ModelfileForeignSource
from pratique.detectors.backdoors.onnx_input_trigger import OnnxInputTrigger
from pratique.detectors.backdoors.pipeline_custom_code import PipelineCustomCode
from pratique.detectors.backdoors.requirements_from_elsewhere import RequirementsFromElsewhere
from pratique.detectors.backdoors.sentence_module_custom_code import SentenceModuleCustomCode
from pratique.detectors.backdoors.template_assembled_name import TemplateAssembledName
from pratique.detectors.backdoors.template_attack_loop import TemplateAttackLoop
from pratique.detectors.backdoors.template_content_gate import TemplateContentGate
from pratique.detectors.backdoors.template_foreign_global import TemplateForeignGlobal
from pratique.detectors.backdoors.template_foreign_instruction import TemplateForeignInstruction
from pratique.detectors.backdoors.template_hidden_characters import TemplateHiddenCharacters
from pratique.detectors.backdoors.template_imports_file import TemplateImportsFile
from pratique.detectors.backdoors.template_sandbox_escape import TemplateSandboxEscape
from pratique.detectors.backdoors.template_unreadable import TemplateUnreadable
from pratique.detectors.backdoors.text_reordered import TextReordered
from pratique.detectors.backdoors.text_smuggled_characters import TextSmuggledCharacters
from pratique.detectors.backdoors.tokenizer_rewrites_words import TokenizerRewritesWords
from pratique.detectors.backdoors.torchscript_input_trigger import TorchscriptInputTrigger
from pratique.detectors.backdoors.triton_config_reaches_out import TritonConfigReachesOut
from pratique.detectors.backdoors.yaml_tag_names_callable import YamlTagNamesCallable
from pratique.detectors.base import Detector
from pratique.detectors.index import Entry
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
from pratique.detectors.integrity.artifact_digest_mismatch import ArtifactDigestMismatch
from pratique.detectors.integrity.blob_digest_lie import BlobDigestLie
from pratique.detectors.integrity.file_digest_mismatch import FileDigestMismatch
from pratique.detectors.integrity.file_malformed import FileMalformed
from pratique.detectors.integrity.file_name_deceives import FileNameDeceives
from pratique.detectors.integrity.file_polyglot import FilePolyglot
from pratique.detectors.integrity.file_unclaimed_bytes import FileUnclaimedBytes
from pratique.detectors.integrity.folder_special_entry import FolderSpecialEntry
from pratique.detectors.integrity.gguf_duplicate_key import GgufDuplicateKey
from pratique.detectors.integrity.gguf_header_lie import GgufHeaderLie
from pratique.detectors.integrity.gguf_hidden_data import GgufHiddenData
from pratique.detectors.integrity.gguf_overlapping_tensors import GgufOverlappingTensors
from pratique.detectors.integrity.gguf_stray_bytes import GgufStrayBytes
from pratique.detectors.integrity.json_duplicate_key import JsonDuplicateKey
from pratique.detectors.integrity.name_contradicts_content import NameContradictsContent
from pratique.detectors.integrity.npy_duplicate_key import NpyDuplicateKey
from pratique.detectors.integrity.npy_header_lie import NpyHeaderLie
from pratique.detectors.integrity.openvino_document_type import OpenvinoDocumentType
from pratique.detectors.integrity.openvino_weights_lie import OpenvinoWeightsLie
from pratique.detectors.integrity.publisher_signature_invalid import PublisherSignatureInvalid
from pratique.detectors.integrity.safetensors_duplicate_key import SafetensorsDuplicateKey
from pratique.detectors.integrity.safetensors_header_lie import SafetensorsHeaderLie
from pratique.detectors.integrity.safetensors_hidden_header_data import SafetensorsHiddenHeaderData
from pratique.detectors.integrity.safetensors_overlapping_tensors import (
    SafetensorsOverlappingTensors,
)
from pratique.detectors.integrity.safetensors_shard_mismatch import SafetensorsShardMismatch
from pratique.detectors.integrity.safetensors_stray_bytes import SafetensorsStrayBytes
from pratique.detectors.integrity.shard_path_escape import ShardPathEscape
from pratique.detectors.integrity.tree_structure_lie import TreeStructureLie
from pratique.detectors.integrity.wheel_record_mismatch import WheelRecordMismatch
from pratique.detectors.malware.agent_file_attacks import AgentFileAttacks
from pratique.detectors.malware.antivirus_signature import AntivirusSignature
from pratique.detectors.malware.card_command_attacks import CardCommandAttacks
from pratique.detectors.malware.compiled_python_file import CompiledPythonFile
from pratique.detectors.malware.configured_code_acts import ConfiguredCodeActs
from pratique.detectors.malware.configured_command_attacks import ConfiguredCommandAttacks
from pratique.detectors.malware.embedded_archive import EmbeddedArchive
from pratique.detectors.malware.embedded_executable import EmbeddedExecutable
from pratique.detectors.malware.embedded_script import EmbeddedScript
from pratique.detectors.malware.exported_program_odd_target import ExportedProgramOddTarget
from pratique.detectors.malware.graph_calls_python import GraphCallsPython
from pratique.detectors.malware.graph_file_escapes import GraphFileEscapes
from pratique.detectors.malware.graph_reaches_network import GraphReachesNetwork
from pratique.detectors.malware.graph_reads_files import GraphReadsFiles
from pratique.detectors.malware.graph_text_payload import GraphTextPayload
from pratique.detectors.malware.graph_unknown_operator import GraphUnknownOperator
from pratique.detectors.malware.graph_writes_files import GraphWritesFiles
from pratique.detectors.malware.hdf5_hidden_data import Hdf5HiddenData
from pratique.detectors.malware.hdf5_reads_other_file import Hdf5ReadsOtherFile
from pratique.detectors.malware.keras_config_foreign_code import KerasConfigForeignCode
from pratique.detectors.malware.keras_lambda_acts import KerasLambdaActs
from pratique.detectors.malware.markup_active_content import MarkupActiveContent
from pratique.detectors.malware.model_asks_host_for_code import ModelAsksHostForCode
from pratique.detectors.malware.model_value_holds_code import ModelValueHoldsCode
from pratique.detectors.malware.native_program_file import NativeProgramFile
from pratique.detectors.malware.onnx_compiled_context import OnnxCompiledContext
from pratique.detectors.malware.onnx_foreign_operator import OnnxForeignOperator
from pratique.detectors.malware.onnx_shadowed_operator import OnnxShadowedOperator
from pratique.detectors.malware.openvino_foreign_layer import OpenvinoForeignLayer
from pratique.detectors.malware.pickle_acts_in_later_stream import PickleActsInLaterStream
from pratique.detectors.malware.pickle_breaks_after_acting import PickleBreaksAfterActing
from pratique.detectors.malware.pickle_computed_callee import PickleComputedCallee
from pratique.detectors.malware.pickle_dangerous_call import PickleDangerousCall
from pratique.detectors.malware.pickle_dangerous_import import PickleDangerousImport
from pratique.detectors.malware.pickle_hidden_reference import PickleHiddenReference
from pratique.detectors.malware.pickle_nested_pickle import PickleNestedPickle
from pratique.detectors.malware.pickle_state_injection import PickleStateInjection
from pratique.detectors.malware.pickle_unknown_import import PickleUnknownImport
from pratique.detectors.malware.python_decode_and_execute import PythonDecodeAndExecute
from pratique.detectors.malware.python_hidden_callee import PythonHiddenCallee
from pratique.detectors.malware.python_install_hook import PythonInstallHook
from pratique.detectors.malware.python_loads_native_code import PythonLoadsNativeCode
from pratique.detectors.malware.python_look_alike_name import PythonLookAlikeName
from pratique.detectors.malware.python_odd_encoding import PythonOddEncoding
from pratique.detectors.malware.python_opens_network import PythonOpensNetwork
from pratique.detectors.malware.python_packed_constant import PythonPackedConstant
from pratique.detectors.malware.python_persists import PythonPersists
from pratique.detectors.malware.python_reordered_text import PythonReorderedText
from pratique.detectors.malware.python_replaces_function import PythonReplacesFunction
from pratique.detectors.malware.python_reverse_shell import PythonReverseShell
from pratique.detectors.malware.python_runs_commands import PythonRunsCommands
from pratique.detectors.malware.python_runs_text import PythonRunsText
from pratique.detectors.malware.python_sends_secrets import PythonSendsSecrets
from pratique.detectors.malware.python_text_acts import PythonTextActs
from pratique.detectors.malware.python_unsafe_load import PythonUnsafeLoad
from pratique.detectors.malware.r_promise_without_value import RPromiseWithoutValue
from pratique.detectors.malware.r_runs_command import RRunsCommand
from pratique.detectors.malware.script_host_attacks import ScriptHostAttacks
from pratique.detectors.malware.shell_script_attacks import ShellScriptAttacks
from pratique.detectors.malware.skops_dangerous_type import SkopsDangerousType
from pratique.detectors.malware.skops_hidden_call import SkopsHiddenCall
from pratique.detectors.malware.skops_unknown_type import SkopsUnknownType
from pratique.detectors.malware.table_formula import TableFormula
from pratique.detectors.malware.text_acts_when_opened import TextActsWhenOpened
from pratique.detectors.malware.text_in_tensor import TextInTensor
from pratique.detectors.malware.torch_package_code import TorchPackageCode
from pratique.detectors.malware.torchscript_file_access import TorchScriptFileAccess
from pratique.detectors.malware.torchscript_network_access import TorchScriptNetworkAccess
from pratique.detectors.malware.torchscript_unknown_operator import TorchScriptUnknownOperator
from pratique.detectors.malware.user_signature import UserSignature
from pratique.detectors.malware.xml_declares_entity import XmlDeclaresEntity
from pratique.detectors.malware.xml_reaches_outside import XmlReachesOutside
from pratique.detectors.malware.yaml_python_tag import YamlPythonTag
from pratique.detectors.network.run_acts_late import RunActsLate
from pratique.detectors.network.run_asks_cloud_metadata import RunAsksCloudMetadata
from pratique.detectors.network.run_asks_odd_kernel import RunAsksOddKernel
from pratique.detectors.network.run_attacks_sandbox import RunAttacksSandbox
from pratique.detectors.network.run_connects_out import RunConnectsOut
from pratique.detectors.network.run_differs_by_condition import RunDiffersByCondition
from pratique.detectors.network.run_executes_program import RunExecutesProgram
from pratique.detectors.network.run_exhausts_resources import RunExhaustsResources
from pratique.detectors.network.run_leaks_canary import RunLeaksCanary
from pratique.detectors.network.run_listens import RunListens
from pratique.detectors.network.run_loads_native_code import RunLoadsNativeCode
from pratique.detectors.network.run_looks_for_sandbox import RunLooksForSandbox
from pratique.detectors.network.run_persists import RunPersists
from pratique.detectors.network.run_reads_secrets import RunReadsSecrets
from pratique.detectors.network.run_resolves_name import RunResolvesName
from pratique.detectors.network.run_spawns_processes import RunSpawnsProcesses
from pratique.detectors.network.run_writes_outside import RunWritesOutside
from pratique.detectors.page import page
from pratique.detectors.secrets.address_with_password import AddressWithPassword
from pratique.detectors.secrets.login_entry import LoginEntry
from pratique.detectors.secrets.private_key import PrivateKey
from pratique.detectors.secrets.secret_assignment import SecretAssignment
from pratique.detectors.secrets.secret_in_model_bytes import SecretInModelBytes
from pratique.detectors.secrets.service_token import ServiceToken
from pratique.detectors.secrets.web_token import WebToken
from pratique.detectors.tensors.dtype_contradicts_config import DtypeContradictsConfig
from pratique.detectors.tensors.shape_contradicts_config import ShapeContradictsConfig
from pratique.detectors.tensors.tensor_all_zero import TensorAllZero
from pratique.detectors.tensors.tensor_constant import TensorConstant
from pratique.detectors.tensors.tensor_infinity import TensorInfinity
from pratique.detectors.tensors.tensor_nan import TensorNan
from pratique.detectors.vulnerabilities.archive_escapes_loader import ArchiveEscapesLoader
from pratique.detectors.vulnerabilities.arrow_type_runs_pickle import ArrowTypeRunsPickle
from pratique.detectors.vulnerabilities.bento_build_injection import BentoBuildInjection
from pratique.detectors.vulnerabilities.component_made_with import ComponentMadeWith
from pratique.detectors.vulnerabilities.component_unreadable import ComponentUnreadable
from pratique.detectors.vulnerabilities.component_version_open import ComponentVersionOpen
from pratique.detectors.vulnerabilities.component_vulnerable import ComponentVulnerable
from pratique.detectors.vulnerabilities.config_activation_by_path import ConfigActivationByPath
from pratique.detectors.vulnerabilities.config_attention_from_hub import ConfigAttentionFromHub
from pratique.detectors.vulnerabilities.config_nested_foreign_code import ConfigNestedForeignCode
from pratique.detectors.vulnerabilities.config_trusts_remote_code import ConfigTrustsRemoteCode
from pratique.detectors.vulnerabilities.diffusers_unnamed_pipeline import DiffusersUnnamedPipeline
from pratique.detectors.vulnerabilities.fairseq_evaluated_text import FairseqEvaluatedText
from pratique.detectors.vulnerabilities.gguf_array_of_no_type import GgufArrayOfNoType
from pratique.detectors.vulnerabilities.gguf_length_lie import GgufLengthLie
from pratique.detectors.vulnerabilities.gguf_tensor_beyond_int32 import GgufTensorBeyondInt32
from pratique.detectors.vulnerabilities.gguf_tensor_size_lie import GgufTensorSizeLie
from pratique.detectors.vulnerabilities.gguf_zero_divisor import GgufZeroDivisor
from pratique.detectors.vulnerabilities.hdf5_external_data import Hdf5ExternalData
from pratique.detectors.vulnerabilities.hdf5_shape_bomb import Hdf5ShapeBomb
from pratique.detectors.vulnerabilities.keras_config_disarms_safe_mode import (
    KerasConfigDisarmsSafeMode,
)
from pratique.detectors.vulnerabilities.keras_config_foreign_module import KerasConfigForeignModule
from pratique.detectors.vulnerabilities.keras_external_saved_model import KerasExternalSavedModel
from pratique.detectors.vulnerabilities.keras_lambda_code import KerasLambdaCode
from pratique.detectors.vulnerabilities.keras_lambda_in_hdf5 import KerasLambdaInHdf5
from pratique.detectors.vulnerabilities.keras_torch_module_wrapper import KerasTorchModuleWrapper
from pratique.detectors.vulnerabilities.keras_vocabulary_from_path import KerasVocabularyFromPath
from pratique.detectors.vulnerabilities.langchain_prompt_acts import LangchainPromptActs
from pratique.detectors.vulnerabilities.langchain_serialized_object import LangchainSerializedObject
from pratique.detectors.vulnerabilities.lightgbm_array_size_lie import LightgbmArraySizeLie
from pratique.detectors.vulnerabilities.manifest_digest_escape import ManifestDigestEscape
from pratique.detectors.vulnerabilities.mlflow_environment_injection import (
    MlflowEnvironmentInjection,
)
from pratique.detectors.vulnerabilities.mlmodel_markup import MlmodelMarkup
from pratique.detectors.vulnerabilities.mlproject_shell_command import MlprojectShellCommand
from pratique.detectors.vulnerabilities.nemo_config_names_callable import NemoConfigNamesCallable
from pratique.detectors.vulnerabilities.onnx_external_data_escape import OnnxExternalDataEscape
from pratique.detectors.vulnerabilities.onnx_external_data_key import OnnxExternalDataKey
from pratique.detectors.vulnerabilities.onnx_external_data_link import OnnxExternalDataLink
from pratique.detectors.vulnerabilities.onnx_upsample_without_input import OnnxUpsampleWithoutInput
from pratique.detectors.vulnerabilities.pickle_runs_code_in_loader import PickleRunsCodeInLoader
from pratique.detectors.vulnerabilities.ray_tensor_runs_pickle import RayTensorRunsPickle
from pratique.detectors.vulnerabilities.sentencepiece_cut_symbol import SentencepieceCutSymbol
from pratique.detectors.vulnerabilities.skops_fools_audit import SkopsFoolsAudit
from pratique.detectors.vulnerabilities.tensorflow_boosted_trees import TensorflowBoostedTrees
from pratique.detectors.vulnerabilities.tensorflow_recursive_function import (
    TensorflowRecursiveFunction,
)
from pratique.detectors.vulnerabilities.tensorflow_required_field_missing import (
    TensorflowRequiredFieldMissing,
)
from pratique.detectors.vulnerabilities.tensorflow_resource_handle_lie import (
    TensorflowResourceHandleLie,
)
from pratique.detectors.vulnerabilities.torch_items_into_tensor import TorchItemsIntoTensor
from pratique.detectors.vulnerabilities.torch_storage_size_lie import TorchStorageSizeLie
from pratique.detectors.vulnerabilities.torchscript_acts_on_safe_load import (
    TorchscriptActsOnSafeLoad,
)

CATALOG: tuple[type[Detector[Any]], ...] = (
    # one rule a line, by id
    PickleDangerousImport,
    PickleUnknownImport,
    PickleDangerousCall,
    PickleComputedCallee,
    PickleStateInjection,
    PickleHiddenReference,
    PickleBreaksAfterActing,
    PickleNestedPickle,
    PickleActsInLaterStream,
    PythonDecodeAndExecute,
    PythonRunsText,
    PythonRunsCommands,
    PythonOpensNetwork,
    PythonReverseShell,
    PythonSendsSecrets,
    PythonPersists,
    PythonLoadsNativeCode,
    PythonInstallHook,
    PythonHiddenCallee,
    PythonPackedConstant,
    PythonUnsafeLoad,
    PythonReorderedText,
    PythonOddEncoding,
    PythonReplacesFunction,
    PythonTextActs,
    PythonLookAlikeName,
    CardCommandAttacks,
    AgentFileAttacks,
    UserSignature,
    AntivirusSignature,
    CompiledPythonFile,
    GraphWritesFiles,
    GraphReadsFiles,
    GraphCallsPython,
    GraphReachesNetwork,
    GraphUnknownOperator,
    GraphFileEscapes,
    YamlPythonTag,
    ShellScriptAttacks,
    NativeProgramFile,
    EmbeddedExecutable,
    EmbeddedArchive,
    EmbeddedScript,
    TableFormula,
    TextActsWhenOpened,
    TextInTensor,
    TorchScriptFileAccess,
    TorchScriptNetworkAccess,
    KerasLambdaActs,
    KerasConfigForeignCode,
    Hdf5ReadsOtherFile,
    Hdf5HiddenData,
    TorchScriptUnknownOperator,
    ModelValueHoldsCode,
    RPromiseWithoutValue,
    RRunsCommand,
    ModelAsksHostForCode,
    XmlDeclaresEntity,
    SkopsDangerousType,
    SkopsUnknownType,
    SkopsHiddenCall,
    ExportedProgramOddTarget,
    TorchPackageCode,
    OnnxForeignOperator,
    OnnxCompiledContext,
    GraphTextPayload,
    OnnxShadowedOperator,
    OpenvinoForeignLayer,
    TemplateSandboxEscape,
    TemplateImportsFile,
    TemplateForeignGlobal,
    TemplateAssembledName,
    TemplateAttackLoop,
    TemplateContentGate,
    TemplateForeignInstruction,
    TemplateHiddenCharacters,
    TemplateUnreadable,
    TextSmuggledCharacters,
    TextReordered,
    AutoMapLocalCode,
    AutoMapForeignCode,
    PipelineCustomCode,
    SentenceModuleCustomCode,
    GenerationCustomCode,
    ConfigNamesCallable,
    ConfiguredCodeActs,
    MlmodelPythonLoader,
    MlmodelPathEscapes,
    ConfigEvaluatesExpression,
    ConfigReadsEnvironment,
    MarHandler,
    YamlTagNamesCallable,
    RequirementsFromElsewhere,
    OnnxInputTrigger,
    TorchscriptInputTrigger,
    FileUnclaimedBytes,
    FilePolyglot,
    NameContradictsContent,
    FileMalformed,
    FileNameDeceives,
    JsonDuplicateKey,
    SafetensorsHeaderLie,
    SafetensorsDuplicateKey,
    SafetensorsOverlappingTensors,
    SafetensorsStrayBytes,
    SafetensorsHiddenHeaderData,
    SafetensorsShardMismatch,
    ShardPathEscape,
    GgufHeaderLie,
    GgufDuplicateKey,
    GgufOverlappingTensors,
    GgufStrayBytes,
    GgufHiddenData,
    ArchiveNameEscape,
    ArchiveLinkEscape,
    FolderSpecialEntry,
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
    NpyHeaderLie,
    NpyDuplicateKey,
    FileDigestMismatch,
    BlobDigestLie,
    ArtifactDigestMismatch,
    PublisherSignatureInvalid,
    OpenvinoDocumentType,
    OpenvinoWeightsLie,
    TreeStructureLie,
    TensorNan,
    TensorInfinity,
    TensorAllZero,
    TensorConstant,
    ShapeContradictsConfig,
    DtypeContradictsConfig,
    ServiceToken,
    PrivateKey,
    AddressWithPassword,
    WebToken,
    SecretAssignment,
    SecretInModelBytes,
    LoginEntry,
    RunConnectsOut,
    RunResolvesName,
    RunListens,
    RunAsksCloudMetadata,
    RunExecutesProgram,
    RunSpawnsProcesses,
    RunReadsSecrets,
    RunLeaksCanary,
    RunWritesOutside,
    RunPersists,
    RunAsksOddKernel,
    RunLoadsNativeCode,
    RunDiffersByCondition,
    RunActsLate,
    RunExhaustsResources,
    RunAttacksSandbox,
    RunLooksForSandbox,
    ComponentVulnerable,
    ComponentVersionOpen,
    ComponentMadeWith,
    ComponentUnreadable,
    ConfigAttentionFromHub,
    ConfigTrustsRemoteCode,
    KerasConfigForeignModule,
    KerasConfigDisarmsSafeMode,
    KerasTorchModuleWrapper,
    KerasExternalSavedModel,
    KerasVocabularyFromPath,
    KerasLambdaCode,
    Hdf5ExternalData,
    Hdf5ShapeBomb,
    KerasLambdaInHdf5,
    ConfigNestedForeignCode,
    ConfigActivationByPath,
    OnnxExternalDataEscape,
    OnnxExternalDataKey,
    OnnxExternalDataLink,
    OnnxUpsampleWithoutInput,
    GgufTensorSizeLie,
    GgufLengthLie,
    GgufArrayOfNoType,
    GgufZeroDivisor,
    GgufTensorBeyondInt32,
    ManifestDigestEscape,
    PickleRunsCodeInLoader,
    TensorflowRecursiveFunction,
    TensorflowBoostedTrees,
    TensorflowRequiredFieldMissing,
    TensorflowResourceHandleLie,
    TorchItemsIntoTensor,
    TorchStorageSizeLie,
    TorchscriptActsOnSafeLoad,
    SentencepieceCutSymbol,
    ArchiveEscapesLoader,
    ArrowTypeRunsPickle,
    RayTensorRunsPickle,
    LightgbmArraySizeLie,
    DiffusersUnnamedPipeline,
    MlflowEnvironmentInjection,
    MlprojectShellCommand,
    MlmodelMarkup,
    BentoBuildInjection,
    LangchainSerializedObject,
    LangchainPromptActs,
    FairseqEvaluatedText,
    CodeRunsAtStartup,
    TokenizerRewritesWords,
    ModelfileForeignSource,
    TritonConfigReachesOut,
    CardInstructsAgents,
    MarkupActiveContent,
    XmlReachesOutside,
    ScriptHostAttacks,
    ConfiguredCommandAttacks,
    SkopsFoolsAudit,
    NemoConfigNamesCallable,
)


def catalogued() -> dict[RuleId, Entry]:
    """Return what the index has to say of every rule, from the rules themselves."""
    return {m.rule.id: Entry(m.rule, m.reads.__name__, page(m)) for m in CATALOG}
