"""CPython's own tests, with every imported module decoded and encoded, or lifted and lowered, end as without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from support import sample

# fmt: off
TESTS = [
    "test_generators", "test_yield_from", "test_coroutines", "test_asyncgen", "test_exceptions", "test_except_star",
    "test_raise", "test_with", "test_contextlib", "test_contextlib_async", "test_class", "test_super", "test_scope",
    "test_global", "test_listcomps", "test_setcomps", "test_dictcomps", "test_genexps", "test_named_expressions",
    "test_unpack", "test_unpack_ex", "test_extcall", "test_call", "test_keywordonlyarg", "test_positional_only_arg",
    "test_patma", "test_fstring", "test_tstring", "test_string_literals", "test_type_params", "test_type_aliases",
    "test_typing", "test_dataclasses", "test_enum", "test_functools", "test_collections", "test_inspect",
    "test_traceback", "test_sys_settrace", "test_bdb", "test_pickle", "test_json", "test_re", "test_ast",
    "test_decorators", "test_descr", "test_compile", "test_dis", "test_code", "test_peepholer", "test_funcattrs",
    "test_pkgutil", "test_importlib", "test_runpy", "test_linecache", "test_lazy_import", "test_monitoring",
    "test_marshal", "test_py_compile", "test_opcache", "test_lambda", "test_itertools", "test_tuple",
    "test_builtin", "test_grammar", "test_syntax", "test_augassign", "test_binop", "test_bool", "test_complex",
    "test_contains", "test_copy", "test_ctypes", "test_decimal", "test_difflib", "test_doctest", "test_dict",
    "test_email", "test_finalization", "test_float", "test_fractions", "test_gc", "test_heapq", "test_iter",
    "test_weakref", "test_unittest", "test_statistics", "test_string", "test_textwrap", "test_tokenize",
    "test_types", "test_userdict", "test_xml_etree", "test_zipfile", "test_abc", "test_argparse",
    "test_configparser", "test_csv",
]
# fmt: on

REFUSED = {"test_sys_settrace.py", "test_misc.py", "test_tasks.py"}
"""Files with code that lift or lower refuses: handlers that nothing reaches, inside of others."""

LOOKING = {
    "test.test_compile.TestSpecifics.test_merge_code_attrs",  # two code objects share one table
    "test.test_dis.DisTests.test_disassemble_try_finally",  # a handler that nothing reaches is shown
    "test.test_dis.DisWithFileTests.test_disassemble_try_finally",
    # 3.11 gives the cleanup behind a finally that returns the line of code that is not there
    "test.test_sys_settrace.JumpTestCase.test_no_jump_over_return_try_finally_in_finally_block",
}
"""Tests that fail after translation because they look at the code object itself."""

HERE = Path(__file__).parent
FOLDER = Path(sysconfig.get_path("stdlib")) / "test"

EXISTING = [name for name in TESTS if (FOLDER / f"{name}.py").exists() or (FOLDER / name).is_dir()]


def run(name: str, folder: Path, *options: str) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src"), "PYTHONHASHSEED": "0"}
    command = [sys.executable, str(HERE / "cpython" / "outcomes.py"), name, *options]
    done = subprocess.run(
        command, cwd=folder, env=environment, timeout=600, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{name} {options}: exit code {done.returncode}\n{done.stderr[-2000:]}"
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def different(name: str, folder: Path, option: str) -> set[str]:
    """The tests that end otherwise with the option."""
    plain, changed = run(name, folder), run(name, folder, option)
    one, other = plain["outcomes"], changed["outcomes"]
    assert changed["modules"] >= 5, "hardly anything went through the hook"
    assert set(changed["refused"]) <= REFUSED
    print(f"{name} {option}: {len(one)} tests, {changed['modules']} modules")
    return {test for test in {**one, **other} if one.get(test) != other.get(test)}


@pytest.mark.skipif(not EXISTING, reason="this interpreter comes without its tests")
@pytest.mark.parametrize("name", sample(EXISTING, 4))
@pytest.mark.parametrize("option", ["--hook", "--translate"])
def test_ends_as_without_the_hook(name: str, option: str, tmp_path: Path) -> None:
    found = different(name, tmp_path, option)
    if option == "--translate":
        found -= LOOKING
    if found:  # some depend on time or on what ran before: such a one does not repeat itself
        found &= different(name, tmp_path, option)
    if found:  # some look whether two constants or bytes are one object, which no copy of a code object keeps
        identity = different(name, tmp_path, "--rebuild")
        print(f"{name}: {sorted(found & identity)} depend on the identity of objects")
        found -= identity
    assert found == set()


def test_the_tests_are_there() -> None:
    assert len(EXISTING) > 60
