"""Keys and tokens that are no secrets: they name a project to a service, and stand in every page that uses it."""

from __future__ import annotations

import re
from typing import NamedTuple


class PublicIdentifier(NamedTuple):
    """A kind of key that its maker's manual calls public.

    Attributes:
        name: How variables for it are called.
        value: How its values begin, where nothing else begins so.
    """

    name: str = ""
    value: str = ""


_TABLE = (
    # developer.mixpanel.com, "Project Token": "A project's token is not a secret value"; the API secret is another one
    PublicIdentifier(name=r"MIXPANEL_(?:PROJECT_)?TOKEN"),
    # amplitude.com/docs/apis/keys-and-tokens: "API Keys are public"; what is private is called Secret Key
    PublicIdentifier(name=r"AMPLITUDE_(?:PROJECT_)?API_?KEY"),
    # posthog.com/docs/api: the project's key is for public endpoints; `POSTHOG_API_KEY` may be a personal one (`phx_`)
    PublicIdentifier(name=r"POSTHOG_PROJECT_(?:API_?KEY|TOKEN)", value="phc_"),
    # firebase.google.com/docs/projects/api-keys: "Public by design"
    PublicIdentifier(name=r"FIREBASE_(?:WEB_)?API_?KEY"),
    # algolia.com/doc, "Search-only API keys in web apps": "safe to expose because it only allows search operations"
    PublicIdentifier(name=r"ALGOLIA_SEARCH(?:_ONLY)?_API_?KEY"),
    # docs.datadoghq.com/account_management/api-app-keys: client tokens are for browsers, API keys are not
    PublicIdentifier(name=r"(?:DD|DATADOG)_(?:RUM_)?CLIENT_TOKEN"),
    # docs.stripe.com/keys: publishable keys go into web pages and apps
    PublicIdentifier(name=r"STRIPE_(?:PUBLISHABLE|PUBLIC)_API_?KEY", value="pk_(?:live|test)_"),
    # docs.mapbox.com/help/dive-deeper/access-tokens: public tokens begin with `pk`, secret ones with `sk`
    PublicIdentifier(value=r"pk\.eyJ"),
)
_NAMES = re.compile(rf"(?:^|_)(?:{'|'.join(one.name for one in _TABLE if one.name)})$", re.IGNORECASE)
_VALUES = re.compile("|".join(one.value for one in _TABLE if one.value))


def names_a_public_one(name: str) -> bool:
    """Tell whether a variable's name says that it holds one."""
    return _NAMES.search(name) is not None


def is_public(value: str) -> bool:
    """Tell whether a value is one by its beginning."""
    return _VALUES.match(value) is not None
