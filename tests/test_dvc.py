"""DVC in use: what a colleague, an experiment and a changed document cost, on the first two stages."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow
STAGES = ("parse", "chunk")
BACKUP = "# Backup policy\n\n- Retention: 30 days\n- Owner: platform team\n"
# One section of 4,000 characters: how many chunks it gives depends on chunk.max_tokens.
FAILOVER = "# Failover\n\n" + "".join(
    f"Wait {n} minutes, then check node {n} and its log.\n\n" for n in range(80)
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed repository: the working tree's code, the stages parse and chunk, two small documents."""
    root = tmp_path_factory.mktemp("clone") / "repository"
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("stages", "slm_factory", "prompts"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=ignored)
    for file in ("params.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(REPOSITORY / file, root)
    pipeline = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))
    (root / "dvc.yaml").write_text(
        yaml.safe_dump({"stages": {name: pipeline["stages"][name] for name in STAGES}})
    )
    documents = root / "data" / "documents"
    documents.mkdir(parents=True)
    (documents / "backup.md").write_text(BACKUP)
    (documents / "failover.md").write_text(FAILOVER)
    call(root, "git", "init", "-q", "-b", "main")
    call(root, "git", "config", "user.email", "test@example.com")
    call(root, "git", "config", "user.name", "test")
    call(root, "dvc", "init", "-q")
    call(root, "dvc", "config", "core.analytics", "false")
    call(root, "dvc", "repro", "-q")
    call(root, "git", "add", "-A")
    call(root, "git", "commit", "-q", "-m", "first")
    return root


@pytest.fixture
def clean(repository: Path) -> Iterator[Path]:
    """The repository, put back to its commit afterwards."""
    yield repository
    call(repository, "git", "reset", "-q", "--hard")
    call(repository, "git", "clean", "-qfd")
    call(repository, "dvc", "checkout", "-q", "--force")


def call(root: Path, *command: str, **environment: str) -> str:
    """stdout of a command in `root`, with this Python's tools first on the PATH and a store of its own."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = {
        "PATH": paths,
        "SLM_FACTORY_CACHE": str(root.parent / "store"),
        "DVC_NO_ANALYTICS": "1",
        **environment,
    }
    result = subprocess.run(command, cwd=root, env={**os.environ, **settings}, capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    return result.stdout


def stages_run(output: str) -> list[str]:
    """Names of the stages that `dvc repro` really ran."""
    return re.findall(r"Running stage '(\w+)'", output)


def documents_of(root: Path) -> dict[str, set[str]]:
    """The documents that have rows, by table."""
    return {name: set(pq.read_table(root / f"data/{name}.parquet")["doc_id"].to_pylist()) for name in STAGES}


def test_a_second_repro_runs_nothing(repository: Path) -> None:
    assert stages_run(call(repository, "dvc", "repro")) == []
    assert json.loads(call(repository, "dvc", "status", "--json")) == {}


def test_an_added_document_appears_and_a_deleted_one_leaves_every_table(clean: Path) -> None:
    added = clean / "data/documents/access.md"
    added.write_text("# Access\n\nKeys are changed every 90 days.\n")
    assert stages_run(call(clean, "dvc", "repro")) == ["parse", "chunk"]
    assert all("access.md" in names for names in documents_of(clean).values())
    added.unlink()
    # Its earlier state was run before: DVC restores it instead of running anything.
    assert stages_run(call(clean, "dvc", "repro")) == []
    assert set(map(frozenset, documents_of(clean).values())) == {frozenset({"backup.md", "failover.md"})}


def test_a_parameter_runs_its_stage_only(clean: Path) -> None:
    params = (clean / "params.yaml").read_text(encoding="utf-8")
    (clean / "params.yaml").write_text(
        params.replace("max_tokens: 1000", "max_tokens: 400"), encoding="utf-8"
    )
    assert stages_run(call(clean, "dvc", "repro")) == ["chunk"]


def test_an_experiment_changes_the_metrics_and_the_diff_shows_it(clean: Path) -> None:
    output = call(clean, "dvc", "exp", "run", "-S", "chunk.max_tokens=350")
    assert stages_run(output) == ["chunk"]
    table = call(clean, "dvc", "metrics", "diff", "main", "--md")
    assert re.search(r"^\| metrics/chunk.json +\| chunks ", table, re.M), table
    assert "chunk.max_tokens" in call(clean, "dvc", "params", "diff", "main", "--md")


def test_a_temporary_experiment_leaves_the_workspace_alone(clean: Path) -> None:
    before = (clean / "data/chunk.parquet").read_bytes()
    call(clean, "dvc", "exp", "run", "--temp", "-n", "apart", "-S", "chunk.max_tokens=300")
    assert (clean / "data/chunk.parquet").read_bytes() == before
    assert call(clean, "git", "status", "--porcelain") == ""
    # Its rows are of its own parameter: the code ran in its own folder.
    diff = json.loads(call(clean, "dvc", "metrics", "diff", "main", "apart", "--json"))
    assert diff["metrics/chunk.json"]["chunks"]["diff"] > 0


def test_documents_can_be_handed_to_dvc_and_nothing_runs_again(clean: Path) -> None:
    guide = (REPOSITORY / "docs/guide.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (git rm .*|dvc add .*|git add data/.*)$", guide, re.M)
    assert len(commands) == 3
    for command in commands:
        call(clean, *command.split())
    assert stages_run(call(clean, "dvc", "repro")) == []
    assert call(clean, "git", "ls-files", "data/documents") == ""


def test_the_reports_snippet_writes_both_tables(clean: Path) -> None:
    call(clean, "dvc", "exp", "run", "-q", "-S", "chunk.max_tokens=250")
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/report.yml").read_text())
    steps = {step["name"]: step for step in workflow["jobs"]["report"]["steps"] if "run" in step}
    pulled = call(clean, "bash", "-euc", steps["Pull shared outputs"]["run"])
    assert "every stage runs here" in pulled
    environment = {"BASE": "main", "PLOTS_URL": "https://example.com/plots"}
    call(clean, "bash", "-euc", steps["Write the report"]["run"], **environment)
    report = (clean / "report.md").read_text()
    assert re.search(r"^\| metrics/chunk.json +\| chunks ", report, re.M)
    assert re.search(r"^\| params.yaml +\| chunk.max_tokens +\| 1000 +\| 250 ", report, re.M)
    assert "[Plots against main](https://example.com/plots)" in report


def test_a_colleague_pulls_from_a_folder_and_runs_nothing(clean: Path, tmp_path: Path) -> None:
    call(clean, "dvc", "remote", "add", "--default", "folder", str(tmp_path / "storage"))
    round_trip(clean, tmp_path / "colleague")


def test_a_colleague_pulls_from_s3_and_runs_nothing(clean: Path, tmp_path: Path) -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        keys = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        make_bucket = f"import boto3; boto3.client('s3', endpoint_url='http://{host}:{port}').create_bucket(Bucket='models')"
        call(clean, sys.executable, "-c", make_bucket, **keys)
        call(clean, "dvc", "remote", "add", "--default", "s3", "s3://models/slm-factory")
        call(clean, "dvc", "remote", "modify", "s3", "endpointurl", f"http://{host}:{port}")
        round_trip(clean, tmp_path / "colleague", **keys)
    finally:
        server.stop()


def round_trip(root: Path, colleague: Path, **environment: str) -> None:
    """Asserts that what `root` pushes, a fresh clone pulls, byte for byte, and has nothing to run."""
    call(root, "dvc", "push", "-q", **environment)
    call(root.parent, "git", "clone", "-q", str(root), str(colleague))
    shutil.copy(root / ".dvc/config", colleague / ".dvc/config")
    assert not (colleague / "data/chunk.parquet").exists()
    call(colleague, "dvc", "pull", "-q", **environment)
    for name in STAGES:
        assert (colleague / f"data/{name}.parquet").read_bytes() == (
            root / f"data/{name}.parquet"
        ).read_bytes()
    assert stages_run(call(colleague, "dvc", "repro", **environment)) == []
