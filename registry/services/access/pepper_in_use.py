"""Hold the pepper of a host to the one that the registry's keys and seals are made with."""

from registry.domain.access.pepper import Peppers, WrongPepper, pepper_id
from registry.store.access import peppers as store
from registry.store.database.pool import Writer


async def demand_pepper(writer: Writer, peppers: Peppers) -> None:
    """Take the pepper of the first host into use; WrongPepper for a host whose pepper is another."""
    own = pepper_id(peppers.current)
    if await demand_known(writer, peppers) != own:
        raise WrongPepper(
            f"the key pepper {own} of this host is not in use yet:"
            " run `registry key rotate-pepper` once, as the owner of the database"
        )


async def demand_known(writer: Writer, peppers: Peppers) -> str:
    """The fingerprint of the pepper in use; WrongPepper for a host that does not have it."""
    own = pepper_id(peppers.current)
    in_use = await store.in_use(writer)
    if in_use is None:
        await store.adopt(writer, own)
        in_use = await store.in_use(writer) or own
    if in_use not in peppers.by_id():
        raise WrongPepper(
            f"the key pepper of this host ({own}) is not the one of the registry's keys and seals ({in_use}):"
            " give every host the same REGISTRY_KEY_PEPPER, or the same file key-pepper"
        )
    return in_use


async def rotate_pepper(writer: Writer, peppers: Peppers) -> str:
    """Take the first of a host's peppers into use in the place of another of them; its fingerprint."""
    own = pepper_id(peppers.current)
    if await demand_known(writer, peppers) != own:
        await store.retire(writer)
        await store.adopt(writer, own)
    return own
