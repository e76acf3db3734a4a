"""Conduct: what code that strangers run on their machine does not do."""

import ast
from collections.abc import Iterator

from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..source import Function, Source, constant

_NETWORK = ("requests", "urllib.request", "urllib3", "http.client", "socket", "aiohttp", "httpx", "ftplib", "smtplib")
_NETWORK += ("wget", "paramiko", "websocket", "websockets", "xmlrpc", "telnetlib", "gdown")
_DOWNLOADS = ("huggingface_hub.hf_hub_download", "huggingface_hub.snapshot_download", "huggingface_hub.HfApi")
_DOWNLOADS += ("torch.hub.load", "torch.hub.load_state_dict_from_url", "torch.hub.download_url_to_file")
_DOWNLOADS += ("huggingface_hub.HfFileSystem", "torch.utils.model_zoo.load_url", "nltk.download")
_PROCESS = ("os.system", "os.popen", "os.fork", "os.forkpty", "os.startfile", "os.posix_spawn", "os.posix_spawnp")
_PROCESS += tuple(
    f"os.{kind}{form}" for kind in ("exec", "spawn") for form in ("l", "le", "lp", "lpe", "v", "ve", "vp")
)
_PROCESS += ("os.execvpe", "os.spawnvpe", "os.kill", "os.killpg", "asyncio.create_subprocess_shell")
_PROCESS += ("asyncio.create_subprocess_exec",)
_PROCESS_MODULES = ("subprocess", "pty", "pexpect", "sh", "plumbum", "ctypes", "cffi")
_EVAL = {"eval", "exec", "compile", "__import__", "builtins.eval", "builtins.exec", "builtins.compile"}
_EVAL |= {"builtins.__import__", "marshal.loads", "types.CodeType", "types.FunctionType", "runpy.run_path"}
_EVAL |= {"importlib.import_module", "importlib.util.spec_from_file_location", "runpy.run_module", "code.interact"}
_WRITES = {"os.remove", "os.unlink", "os.rename", "os.replace", "os.rmdir", "os.removedirs", "os.mkdir", "os.makedirs"}
_WRITES |= {"os.symlink", "os.link", "os.chmod", "os.chown", "os.truncate", "torch.save", "numpy.save", "numpy.savez"}
_WRITES |= {"numpy.savetxt", "safetensors.torch.save_file", "joblib.dump", "pickle.dump", "tempfile.mkstemp"}
_WRITES |= {"tempfile.mkdtemp", "tempfile.NamedTemporaryFile", "tempfile.TemporaryDirectory", "tempfile.TemporaryFile"}
_WRITES |= {f"shutil.{name}" for name in ("copy", "copy2", "copyfile", "copytree", "move", "rmtree", "make_archive")}
_SAVING = ("save", "_save", "push_to_hub", "export", "convert")
_UNPICKLE = {"pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "dill.load", "dill.loads"}
_UNPICKLE |= {
    "cloudpickle.load",
    "cloudpickle.loads",
    "_pickle.loads",
    "_pickle.load",
    "shelve.open",
    "pandas.read_pickle",
}
_EXITS = {
    "sys.exit",
    "os._exit",
    "os.abort",
    "exit",
    "quit",
    "signal.raise_signal",
    "faulthandler.dump_traceback_later",
}


def _calls_of(repository: Repository) -> Iterator[tuple[Source, ast.Call, str]]:
    """Every call with its dotted name; names that the file itself defines are not builtins."""
    for source in repository.code.values():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                dotted = source.dotted(node.func)
                local = isinstance(node.func, ast.Name) and node.func.id in source.functions
                if dotted is not None and not local:
                    yield source, node, dotted


def _imported(repository: Repository, modules: tuple[str, ...]) -> Iterator[tuple[Source, int, str]]:
    for source in repository.code.values():
        for item in source.imports:
            full = f"{item.module}.{item.name}" if item.name else item.module
            for module in modules:
                if item.level == 0 and (
                    item.module == module or full == module or item.module.startswith(f"{module}.")
                ):
                    yield source, item.line, module
                    break


_TRUST = "Remote code runs with the consumer's rights: reviewers, scanners and offline machines stop at it."


@rule(
    summary="Model code reaches for the network.",
    why=f"{_TRUST} Without a connection the model does not load or run.",
    repair="Put what is needed into the repository; download before you construct, in a script of your own.",
    bad='weights = requests.get("https://...").content',
    good="weights in model.safetensors",
)
def code_network(repository: Repository) -> Iterator[Finding]:
    for source, line, module in _imported(repository, _NETWORK):
        yield Finding(f"{module} is imported", source.path, line)
    for source, node, dotted in _calls_of(repository):
        if dotted in _DOWNLOADS:
            yield Finding(f"{dotted} is called", source.path, node.lineno)


@rule(
    summary="Model code starts or ends processes, or calls into foreign libraries.",
    why=_TRUST,
    repair="Remove it; what has to be compiled belongs into a package in requirements.txt.",
    bad='subprocess.run(["nvcc", ...])',
    good="a compiled package in requirements.txt",
)
def code_process(repository: Repository) -> Iterator[Finding]:
    for source, line, module in _imported(repository, _PROCESS_MODULES):
        yield Finding(f"{module} is imported", source.path, line)
    for source, node, dotted in _calls_of(repository):
        if dotted in _PROCESS:
            yield Finding(f"{dotted} is called", source.path, node.lineno)


@rule(
    summary="Model code makes code out of text.",
    why=f"{_TRUST} The loader's list of imports does not hold what is imported by name at run time.",
    repair="Choose from a dictionary of classes or functions.",
    bad='activation = eval(f"nn.{config.activation}()")',
    good='activation = {"relu": nn.ReLU, "gelu": nn.GELU}[config.activation]()',
)
def code_eval(repository: Repository) -> Iterator[Finding]:
    for source, node, dotted in _calls_of(repository):
        if dotted in _EVAL:
            yield Finding(f"{dotted} is called", source.path, node.lineno)


def _saving_lines(source: Source) -> list[range]:
    """Lines of functions whose business is to write: save_pretrained, save_vocabulary and their kin."""
    functions = (node for node in ast.walk(source.tree) if isinstance(node, Function))
    return [range(f.lineno, (f.end_lineno or f.lineno) + 1) for f in functions if f.name.startswith(_SAVING)]


@rule(
    summary="Model code writes, moves or removes files.",
    why=_TRUST,
    repair="Remove it; only save_pretrained, save_vocabulary and their kin write, into the folder they are given.",
    bad='open("/tmp/cache.json", "w")',
    good="no files but those of save_pretrained",
)
def code_writes(repository: Repository) -> Iterator[Finding]:
    saving: dict[str, list[range]] = {}
    for source, node, what in _write_calls(repository):
        lines = saving.setdefault(source.path, _saving_lines(source))
        if not any(node.lineno in block for block in lines):
            yield Finding(f"{what} writes to the disk", source.path, node.lineno)


def _write_calls(repository: Repository) -> Iterator[tuple[Source, ast.Call, str]]:
    for source in repository.code.values():
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            dotted = source.dotted(node.func) or ""
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            opens = dotted in ("open", "io.open", "codecs.open") or method == "open"
            if dotted in _WRITES or (opens and _writes_mode(node, 1 if dotted else 0)):
                yield source, node, dotted or method
            elif method in ("write_text", "write_bytes", "unlink", "rmdir", "touch"):
                yield source, node, f".{method}()"


def _writes_mode(call: ast.Call, position: int) -> bool:
    mode = next((k.value for k in call.keywords if k.arg == "mode"), None)
    mode = mode or (call.args[position] if len(call.args) > position else None)
    value = constant(mode)
    # Modes are short: Image.open("path with w") is no mode.
    return (
        isinstance(value, str) and len(value) <= 3 and bool(set(value) & set("wax+")) and set(value) <= set("rwaxbt+")
    )


@rule(
    summary="Model code unpickles.",
    why=f"{_TRUST} A pickle runs whatever it says.",
    repair="Keep settings as JSON and tensors as safetensors; torch.load needs weights_only=True.",
    bad="vocabulary = pickle.load(file)",
    good="vocabulary = json.load(file)",
)
def code_unpickles(repository: Repository) -> Iterator[Finding]:
    for source, node, dotted in _calls_of(repository):
        keywords = {keyword.arg: constant(keyword.value) for keyword in node.keywords}
        loads = dotted == "torch.load" and keywords.get("weights_only") is not True
        loads = loads or (dotted == "numpy.load" and keywords.get("allow_pickle") is True)
        if loads or dotted in _UNPICKLE:
            yield Finding(f"{dotted} unpickles", source.path, node.lineno)


@rule(
    summary="Model code ends the interpreter.",
    why="The consumer's program ends with it, and what it had in memory is lost.",
    repair="Raise an exception that says what is wrong.",
    bad="sys.exit(1)",
    good='raise ValueError("hidden_size must be a multiple of num_heads")',
)
def code_exits(repository: Repository) -> Iterator[Finding]:
    for source, node, dotted in _calls_of(repository):
        if dotted in _EXITS:
            yield Finding(f"{dotted} ends the interpreter", source.path, node.lineno)


@rule(
    summary="Code opens a file that lies beside it.",
    why="The loader copies Python files only: a JSON or text file beside the code is never there for a consumer.",
    repair="Put the data into the configuration, or into the Python file; or take it from config.name_or_path.",
    bad='open(os.path.join(os.path.dirname(__file__), "classes.json"))',
    good="config.id2label",
)
def code_data_file(repository: Repository) -> Iterator[Finding]:
    for source in repository.code.values():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Name) and node.id == "__file__" and isinstance(node.ctx, ast.Load):
                yield Finding("__file__ leads to a cache that holds nothing but code", source.path, node.lineno)


@rule(
    severity="warning",
    summary="The code registers its own model type when it is imported.",
    why="""The Auto classes find it through the auto_map already. Once registered, the class is taken for every other
        repository of that model_type in the process, whatever code those bring.""",
    repair="Remove the call; register_for_auto_class, in a script, is what a save needs.",
    bad='AutoConfig.register("x", XConfig)',
    good="XConfig.register_for_auto_class()",
)
def code_registers(repository: Repository) -> Iterator[Finding]:
    for source, node, dotted in _calls_of(repository):
        parts = dotted.split(".")
        if parts[-1] == "register" and len(parts) > 1 and parts[-2].startswith("Auto") and parts[0] == "transformers":
            yield Finding(f"{parts[-2]}.register is called at import", source.path, node.lineno)
