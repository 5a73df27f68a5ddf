"""The end of the interpreter while threads are inside the engine: exit code 0, and nothing on stderr."""

import os
import subprocess
import sys
import textwrap

import pytest

# What goes wrong here goes wrong now and then: a soak sets it to 50 or more.
REPETITIONS = int(os.environ.get("MULTIMQTT_EXIT_REPETITIONS", "5"))

START = """
    import atexit, os, signal, sys, threading, time
    from flask_multimqtt import _native

    client = _native.Client(uri=sys.argv[1])
    client.register_topic("exit", qos=1)
    client.connect()
    client.wait_subscribed(10)
    entered = threading.Event()

    def close_all():
        client.close(0.5)
        _native.close_gate()
"""

THREADS = {
    "blocked in take": """
    def run():
        entered.set()
        while True:
            for delivery in client.take(64, None):
                pass
            if client.state == "stopped":
                time.sleep(60)
    """,
    "taking all the time": """
    def run():
        entered.set()
        while True:
            try:
                client.take(64, 0.001)
            except Exception:
                time.sleep(60)
    """,
    "waiting for a receipt": """
    def run():
        other = _native.Client()
        receipt = other.publish("never", qos=1)
        entered.set()
        receipt.wait()
    """,
    "waiting for room": """
    def run():
        other = _native.Client(outbox_messages_max=1, outbox_block_timeout_s=60)
        other.publish("a", qos=1)
        entered.set()
        other.publish("b", qos=1)
    """,
    "waiting for a connection": """
    def run():
        other = _native.Client(uri="unix:///nowhere/broker.sock")
        other.connect()
        entered.set()
        other.wait_connected()
    """,
    "stuck in a handler": """
    def run():
        client.publish("exit", qos=1)
        while True:
            for delivery in client.take(64, None):
                if delivery.kind == _native.KIND_MESSAGE:
                    message = delivery.message
                    entered.set()
                    time.sleep(60)
    """,
    "publishing all the time": """
    def run():
        entered.set()
        while True:
            try:
                client.publish("other", 1)
            except Exception:
                time.sleep(60)
    """,
}

ENDS = {
    "closed": "atexit.register(close_all)",
    "only the gate": "atexit.register(_native.close_gate)",
    "no hook": "",
}


def run_to_the_end(program, *arguments):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("thread", THREADS)
def test_the_interpreter_ends_quietly(broker, thread, end):
    start = textwrap.dedent(START)
    body = textwrap.dedent(THREADS[thread])
    program = f"{start}\n{body}\n{ENDS[end]}\n" + (
        "for _ in range(3):\n    threading.Thread(target=run, daemon=True).start()\nentered.wait()\n"
    )
    for _ in range(REPETITIONS):
        ended = run_to_the_end(program, broker.uri())
        assert (ended.returncode, ended.stderr) == (0, "")


def test_calls_that_would_wait_fail_once_the_gate_is_closed(broker):
    ended = run_to_the_end(
        """
        import sys
        from flask_multimqtt import _native

        _native.set_exception_factory(lambda name, message, reason: RuntimeError(name))
        client = _native.Client()
        receipt = client.publish("never", qos=1)
        _native.close_gate()
        _native.close_gate()
        for wait in (receipt.wait, client.take, client.close):
            try:
                wait()
            except RuntimeError as error:
                print(error)
        """
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split() == ["closed"] * 3


def test_control_c_ends_a_wait_of_the_main_thread():
    ended = run_to_the_end(
        """
        import os, signal, threading
        from flask_multimqtt import _native

        client = _native.Client()
        waiting = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        waiting.start()
        try:
            client.take(1, 30)
        except KeyboardInterrupt:
            print("interrupted")
        waiting.join()
        """
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "interrupted\n", "")


def test_a_forked_child_may_close_its_gate(broker):
    ended = run_to_the_end(
        """
        import os, sys, threading
        from flask_multimqtt import _native

        client = _native.Client(uri=sys.argv[1])
        client.connect()
        client.wait_connected(10)
        threading.Thread(target=lambda: [client.take(1, 0.001) for _ in range(2000)], daemon=True).start()
        child = os.fork()
        if child == 0:
            _native.close_gate()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        client.close(0)
        _native.close_gate()
        sys.exit(os.waitstatus_to_exitcode(status))
        """,
        broker.uri(),
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_dropped_client_does_not_hold_the_exit_up(broker):
    ended = run_to_the_end(
        """
        import sys
        from flask_multimqtt import _native

        for _ in range(10):
            client = _native.Client(uri=sys.argv[1])
            client.connect()
            client.wait_connected(10)
            del client
        """,
        broker.uri(),
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the private module has another interface")
def test_a_subinterpreter_is_refused_with_the_cure():
    ended = run_to_the_end(
        """
        import sys
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            import _interpreters as interpreters
        import flask_multimqtt._native
        old = sys.version_info < (3, 12)
        identity = interpreters.create() if old else interpreters.create(isolated=False)
        program = f"import sys; sys.path[:] = {sys.path!r}; import flask_multimqtt._native"
        try:
            interpreters.run_string(identity, program)
        except Exception as error:
            print(error)
        interpreters.destroy(identity)
        """
    )
    assert "single-interpreter = true" in ended.stdout
    assert (ended.returncode, ended.stderr) == (0, "")
