from filed.protocols.http.memory import KEY_BYTES, Memory


def key(number):
    return b"%d" % number


def test_what_was_remembered_is_found_and_the_rest_is_none():
    memory = Memory(4)
    memory.remember(b"a", 1)
    assert memory[b"a"] == 1
    assert memory[b"b"] is None


def test_it_never_holds_more_than_two_generations():
    memory = Memory(10)
    for number in range(1000):
        memory.remember(key(number), number)
        held = sum(memory.get(key(n)) is not None for n in range(number + 1))
        assert held <= 10
    found = [number for number in range(1000) if memory[key(number)] is not None]
    assert 10 <= len(found) <= 20


def test_what_is_asked_for_survives_what_is_not():
    memory = Memory(10)
    memory.remember(b"popular", 1)
    for number in range(1000):
        memory.remember(key(number), number)
        assert memory[b"popular"] == 1


def test_what_nobody_asks_for_goes():
    memory = Memory(10)
    memory.remember(b"once", 1)
    for number in range(20):
        memory.remember(key(number), number)
    assert memory[b"once"] is None


def test_long_keys_are_not_kept():
    memory = Memory(10)
    memory.remember(b"k" * KEY_BYTES, 1)
    memory.remember(b"k" * (KEY_BYTES + 1), 1)
    assert memory[b"k" * KEY_BYTES] == 1
    assert memory[b"k" * (KEY_BYTES + 1)] is None
