"""Which public catalogues a rule belongs to: the one place that knows the editions of a list.

Rules name the entry of OWASP's Top 10 for LLM Applications of 2025. The edition of 2026, published
on 4 August 2026, numbers eight of the ten entries anew; its ids are worked out here, from the
titles, so that no rule can name the wrong one.
"""

from pratique.core.finding import Rule

OWASP_2025 = "OWASP-LLM:2025-"
OWASP_2026 = "OWASP-LLM:2026-"

EDITION_2026 = {
    "LLM01": "LLM01",  # Prompt Injection
    "LLM02": "LLM02",  # Sensitive Information Disclosure
    "LLM03": "LLM04",  # Supply Chain
    "LLM04": "LLM05",  # Data and Model Poisoning
    "LLM05": "LLM10",  # Improper Output Handling
    "LLM06": "LLM03",  # Excessive Agency
    "LLM07": "LLM08",  # System Prompt Leakage, now part of Hidden Context Exposure
    "LLM08": "LLM09",  # Vector and Embedding Weaknesses
    "LLM09": "LLM07",  # Misinformation
    "LLM10": "LLM06",  # Unbounded Consumption
}
"""Entry of 2025 to entry of 2026.

Source: the lists of both editions, https://github.com/GenAI-Security-Project/GenAI-LLM-Top10
"""

ATLAS = frozenset(
    {
        "AML.T0010",  # AI Supply Chain Compromise
        "AML.T0011.000",  # User Execution: Unsafe AI Artifacts
        "AML.T0011.001",  # User Execution: Malicious Package
        "AML.T0018",  # Manipulate AI Model
        "AML.T0018.000",  # Manipulate AI Model: Poison AI Model
        "AML.T0018.001",  # Manipulate AI Model: Modify AI Model Architecture
        "AML.T0018.002",  # Manipulate AI Model: Embed Malware
        "AML.T0018.003",  # Manipulate AI Model: Modify Prompt Construction Logic
        "AML.T0025",  # Exfiltration via Cyber Means
        "AML.T0029",  # Denial of AI Service
        "AML.T0050",  # Command and Scripting Interpreter
        "AML.T0051",  # LLM Prompt Injection
        "AML.T0055",  # Unsecured Credentials
        "AML.T0057",  # LLM Data Leakage
    }
)
"""The techniques of MITRE ATLAS that rules may name, with their titles."""


def references(card: Rule) -> tuple[str, ...]:
    """Return a rule's references, each entry of OWASP's list in both editions."""
    told: list[str] = []
    for ref in card.refs:
        told.append(ref)
        if ref.startswith(OWASP_2025):
            told.append(OWASP_2026 + EDITION_2026[ref.removeprefix(OWASP_2025)])
    return tuple(told)
