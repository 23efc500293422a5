"""Which pretrained networks a job learns with."""

from automl_magics.contracts.errors import TrainingError
from automl_magics.contracts.networks import NetworkKind, Networks, UsedNetwork
from automl_magics.contracts.training import TrainingJob
from automl_magics.training.networks.backbone import Backbone
from automl_magics.training.networks.sentences import Sentences


def networks_of(job: TrainingJob, offered: Networks) -> Networks:
    """Return the networks of a job: those that are set, or of one that is extended its own.

    Raises
    ------
    TrainingError
        When the job has learned with a network that is not the one that is set now.
    """
    if not job.is_extension or job.result is None:
        return offered
    used = {network.kind: network for network in job.result.networks}
    for kind, network in used.items():
        now = _now(kind, offered)
        if now is None or now.sha256 != network.sha256:
            raise TrainingError(
                f"The job has learned with the {kind} model {network.name}, and that is not the"
                f" one that AUTOML_{kind.upper()}_MODEL names now.",
                hint="Set it as it was, or create a new job.",
            )
    return Networks(
        text=offered.text if "text" in used else None,
        image=offered.image if "image" in used else None,
    )


def _now(kind: NetworkKind, offered: Networks) -> UsedNetwork | None:
    network = Sentences.of(offered.text) if kind == "text" else Backbone.of(offered.image)
    try:
        return None if network is None else network.used
    except OSError:
        return None
