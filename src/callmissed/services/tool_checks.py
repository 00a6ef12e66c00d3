"""Whether a tool could be asked as it is written."""

from urllib.parse import urlsplit

from callmissed.domain.errors import invalid
from callmissed.domain.tools import ToolForm, ToolType, places_of
from callmissed.kit.addresses import Network
from callmissed.services.outbound import Resolve, check_url


async def check_form(form: ToolForm, allowed: tuple[Network, ...], resolve: Resolve) -> None:
    """Afterwards its URL leads to public addresses, as far as can be told now, whatever fills it.

    Raises Refusal INVALID_VALUE with the field.
    """
    places = places_of(form.url)
    parts = urlsplit(form.url.replace("[", "%5B"))
    if places_of(f"{parts.scheme}://{parts.netloc}"):
        raise invalid("url", "A model may not choose the host.", "Write the host out.")
    if parts.fragment or (places and form.type is ToolType.MCP):
        raise invalid(
            "url", "This URL has a fragment, or places that nothing fills.", "Leave it off."
        )
    required = set(form.parameters.get("required", ()))
    if missing := sorted(places - required):
        raise invalid(
            "parameters",
            f"{missing[0]} stands in the URL and need not be given.",
            "Name it in the schema's `required`.",
        )
    filled = form.url
    for place in places:
        filled = filled.replace(f"{{{place}}}", "x")
    await check_url(filled, allowed, resolve, param="url")
