"""Keys and tokens that their makers publish as examples, for tests or for emulators: they open nothing of anybody's."""

from __future__ import annotations

import re

_PUBLISHED = (
    # docs.aws.amazon.com, "Manage access keys for IAM users"
    r"(?:A3T|AKIA|ASIA|AROA|AIDA)[0-9A-Z]{5,17}EXAMPLE",
    r"[0-9A-Za-z+/]{20,33}EXAMPLE(?:KEY|TOKEN)",
    # docs.stripe.com/api/authentication: the test keys that its samples are shown with
    r"sk_test_(?:4eC39HqLyjWDarjtT1zdp7dc|BQokikJOvBiI2HlWgH4olfQ2)",
    # developers.google.com/recaptcha/docs/faq: "you will always get No CAPTCHA and all verification requests will pass"
    r"6LeIxAcTAAAAA(?:JcZVRqyHh71UMIEGNQ_MXjiZKhI|GG-vFI1TnRWxMZNFuojJ4WifJWe)",
    # Turnstile: developers.cloudflare.com, page "Testing"; hCaptcha: docs.hcaptcha.com, section "Test Keys"
    r"[123]x0{20,31}[AB]{2}",
    r"0x0{40}",
    # learn.microsoft.com: the one key of the storage emulator, and that of the Cosmos DB emulator
    r"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    r"C2y6yDjf5/R\+ob0N8A7Cgv30VRDJIWEHLM\+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
    # jwt.io opens with the token of subject 1234567890; RFC 7519, section 3.1 has that of the issuer joe
    r"eyJ[\w-]{10,60}\.eyJ(?:zdWIiOiIxMjM0NTY3ODkw|pc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAs)[\w-]*\.[\w-]+",
)
_WHOLE = re.compile("|".join(_PUBLISHED))


def is_published_example(value: str) -> bool:
    """Tell whether a value is, as a whole, one that its maker publishes."""
    return _WHOLE.fullmatch(value) is not None
