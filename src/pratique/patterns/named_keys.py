"""Keys of services that have no form of their own: told by whose key the name says it is."""

import re
from collections.abc import Iterator

from pratique.patterns.literals import Words
from pratique.patterns.secrets import Secret, entropy, is_placeholder

_WORDS = Words("_key", "-key", "apikey", "_token", "-token", "_secret", "-secret", nocase=True)
_KEYED = re.compile(
    r"(?:[_-](?:[Kk][Ee][Yy]|[Tt][Oo][Kk][Ee][Nn]|[Ss][Ee][Cc][Rr][Ee][Tt])|[Aa][Pp][Ii][Kk][Ee][Yy])"
    r"(?:[_-][Ii][Dd])?[\"'\])]{0,3}[ \t]{0,4}[:=][ \t]{0,4}[\"']?"
    r"(?P<value>[A-Za-z0-9_+/=-]{24,200})(?![\w.(\[-])"
)
_SERVICE = re.compile(
    r"(?i)(?<![a-z])(?:openai|anthropic|hugging_?face|hf|cohere|mistral|together|fireworks|deepseek|voyage|groq|xai"
    r"|gemini|google|azure|aws|replicate|stability|ai21|zhipu(?:ai)?|dashscope|moonshot|minimax|qianfan"
    r"|siliconflow|octoai|nomic|jina|perplexity|openrouter|anyscale|nvidia|deepgram|assembly_?ai"
    r"|eleven_?labs|speechmatics|runpod|paperspace|modal|lambda|pinecone|weaviate|qdrant|milvus|zilliz"
    r"|langfuse|langsmith|langchain|helicone|portkey|lakera|wandb|comet|neptune|clearml|dagshub|mlflow"
    r"|kaggle|roboflow|clarifai|label_?studio|tavily|serp(?:api)?|serper|bing|brave|exa|firecrawl"
    r"|twilio|sendgrid|mailgun|stripe|slack|telegram|discord|github|gitlab|bitbucket|airtable|notion"
    r"|cloudflare|digitalocean|heroku|vercel|netlify|datadog|dd|new_?relic|sentry|algolia|okta|auth0"
    r"|supabase|databricks|snowflake|mapbox)(?:[_-][a-z]{1,15}){0,3}$"
)
_RUN = re.compile(r"[a-z]{9}|[A-Z]{9}")
_LEAST_DIGITS, _LEAST_LETTERS, _LEAST_ENTROPY = 4, 4, 3.3


def named_keys(text: str) -> Iterator[Secret]:
    """Yield values that look random under a name such as `TOGETHER_API_KEY`."""
    if not _WORDS.held(text):
        return
    for match in _KEYED.finditer(text):
        service = _SERVICE.search(text[max(0, match.start() - 50) : match.start()])
        value = match["value"]
        if service is None or is_placeholder(value) or entropy(value) < _LEAST_ENTROPY:
            continue
        digits, letters = sum(map(str.isdigit, value)), sum(map(str.isalpha, value))
        if digits >= _LEAST_DIGITS and letters >= _LEAST_LETTERS and not _RUN.search(value):
            shown = f"{value[:4]}... ({len(value)} characters)"
            yield Secret(f"key of {service[0]}", match.start("value"), match.end("value"), 1, shown)
