"""What has to hold before an evolution begins, so that hours of training do not end in an error."""

from pathlib import Path

from slm_factory.core import params
from slm_factory.core.errors import UserError
from slm_factory.release import git
from slm_factory.release.registry import REGISTRY, Registry
from slm_factory.release.settings import ReleaseSettings

CODE = (Path("slm_factory"), Path("stages"), Path("dvc.yaml"))
UNQUANTISED = {"f16", "bf16"}  # what Ollama quantises; it refuses F32 (file type 0)


def require(settings: ReleaseSettings, known: Registry) -> None:
    """Returns when a version can be tagged, compared with the champion, and deployed.

    Raises:
        UserError: it cannot; nothing was done.
    """
    require_committed_code()
    require_quantizable(settings)
    require_tag(known)


def require_committed_code() -> None:
    """Returns when the code is committed: a version has to be what its tag says.

    Raises:
        UserError: it is not; the files are named.
    """
    dirty = git.changed(CODE)
    if dirty:
        named = ", ".join(dirty[:3]) + (f" and {len(dirty) - 3} more" if len(dirty) > 3 else "")
        raise UserError(f"error: not committed: {named}", "hint: git commit them, or git stash")


def require_quantizable(settings: ReleaseSettings) -> None:
    """Returns when the pipeline makes what the server is to quantise.

    Raises:
        UserError: quantize.types names neither f16 nor bf16.
    """
    types = params.read()["quantize"]["types"]
    is_asked = settings.target == "ollama" and settings.server_quantization
    if is_asked and not UNQUANTISED & set(types):  # type: ignore[call-overload]
        raise UserError(
            f"error: Ollama makes {settings.server_quantization} from F16 only, and quantize.types lacks f16",
            'hint: add f16 to quantize.types, or set release.server_quantization to "" in params.yaml',
        )


def require_tag(known: Registry) -> None:
    """Returns when git has the champion's tag; it is set again from the commit that registered the version.

    Raises:
        UserError: git has neither the tag nor that commit.
    """
    if not known.served or git.is_tag(known.served):
        return
    commit = git.commit_that_added(known.served, REGISTRY)
    if not commit:
        raise UserError(
            f"error: git has no tag {known.served}, the version in service",
            "hint: git fetch --tags, and git fetch --unshallow in a shallow clone",
        )
    git.tag(known.served, commit, known.served)
