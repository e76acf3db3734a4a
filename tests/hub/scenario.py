"""A publication and a load by the real client, whatever its version, in a process that knows HF_ENDPOINT alone.

Run as `python scenario.py FOLDER`; prints one JSON object. Depends on huggingface_hub alone.
"""

import hashlib
import json
import os
import sys

from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.utils import HfHubHTTPError


def sha256(path: str) -> str:
    return hashlib.sha256(open(path, "rb").read()).hexdigest()


def refused(call) -> int:
    try:
        call()
    except HfHubHTTPError as error:
        return error.response.status_code
    return 0


def main(folder: str) -> dict:
    api, repo = HfApi(), f"{HfApi().whoami()['name']}/scenario"
    api.create_repo(repo, private=True)
    before = api.model_info(repo).sha
    options = {"repo_id": repo, "folder_path": folder, "commit_message": "publish", "parent_commit": before}
    done = api.upload_folder(**options)
    stale = refused(
        lambda: api.upload_file(path_or_fileobj=b"late", path_in_repo="late", repo_id=repo, parent_commit=before)
    )
    pull = api.upload_file(path_or_fileobj=b"proposed", path_in_repo="p", repo_id=repo, create_pr=True)
    api.create_branch(repo, branch="dev")
    api.create_tag(repo, tag="v1", tag_message="first")
    loaded = snapshot_download(repo, revision=done.oid)
    return {
        "files": {name: sha256(os.path.join(loaded, name)) for name in sorted(os.listdir(loaded)) if name[0] != "."},
        "stale": stale,
        "pull": open(hf_hub_download(repo, "p", revision=pull.pr_revision)).read(),
        "commits": [commit.title for commit in api.list_repo_commits(repo)],
        "refs": sorted(
            ref.name for refs in (api.list_repo_refs(repo).branches, api.list_repo_refs(repo).tags) for ref in refs
        ),
        "anonymous": refused(lambda: HfApi(token=False).model_info(repo)),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
