#!/usr/bin/env python3
"""Finds coroutine code that some compilers get wrong, or that dangles.

GCC 12 destroys an unnamed closure or a brace-built aggregate twice when it shares a full expression with co_await, and
crashes on co_await inside ?:. A lambda coroutine's captures die with the lambda, while the coroutine lives on. So:

  - no brace-built temporary and no lambda in an expression that has a co_await: name it in the line before
  - no co_await inside ?:; use if
  - no captures in a lambda coroutine: pass parameters by value

    script/check_coroutines.py [root of the repository, or files]
"""

import pathlib
import re
import sys

FOLDERS = "base wire config probes cmdb agent worker collector ctl tests bench".split()
LITERAL = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.S)
# A brace after one of these opens a block, not an expression.
BLOCK = re.compile(
    r"(^|[;{}:]|\)|\b(else|do|try|const|noexcept|override|final|mutable)|\)\s*(const\s*)?->\s*[\w:<>,\s*&]+"
    r"|\b(class|struct|union|enum|namespace|extern)\b[^;{}()]*)\s*$"
)
LAMBDA_COROUTINE = re.compile(r"\[([^\[\]]*)\]\s*\([^;{}]*?\)\s*(?:mutable\s*)?->\s*(?:\w+::)*(?:Task|awaitable)<")


def blank(text):
    """The text with the inside of literals and comments blanked, line numbers kept."""

    def spaces(match):
        inside = re.sub(r"[^\n]", " ", match[0])
        return '"' + inside[1:-1] + '"' if match[0][0] in "\"'R" and len(match[0]) > 1 else inside

    return LITERAL.sub(spaces, text)


def braces(text):
    """Position -> partner for all brackets, and the positions of braces that belong to expressions."""
    partner, expression, open_ones = {}, set(), []
    for at, char in enumerate(text):
        if char in "([{":
            open_ones.append(at)
            if char == "{" and not BLOCK.search(text[max(0, at - 300):at]):
                expression.add(at)
        elif char in ")]}" and open_ones:
            partner[at] = open_ones.pop()
            partner[partner[at]] = at
    return partner, expression


def start_of_expression(text, at, partner, expression):
    """Walks back to the beginning of the full expression that has `at`."""
    while at > 0:
        at -= 1
        char = text[at]
        if char in ")]}" and at in partner:
            if char == "}" and partner[at] not in expression and not is_lambda_body(text, partner[at]):
                return at + 1
            at = partner[at]
        elif char == ";" or (char == "{" and at not in expression):
            return at + 1
        elif char == "(" and re.search(r"\b(if|while|for|switch)\s*(constexpr\s*)?$", text[max(0, at - 20):at]):
            return at + 1
    return 0


def is_lambda_body(text, brace):
    return re.search(r"\]\s*(\([^()]*\))?\s*(mutable\s*)?(->\s*[\w:<>,\s]+)?\s*$", text[max(0, brace - 300):brace])


def end_of_expression(text, at, partner):
    while at < len(text):
        char = text[at]
        if char in "([{" and at in partner:
            at = partner[at]
        elif char in ";":
            return at
        elif char in ")]}" and re.match(r"\s*(\{|\w)", text[at + 1:at + 50]):
            return at
        at += 1
    return at


def positions(text, char, begin, end):
    return [at for at in range(begin, end) if text[at] == char]


def shares_operand(question, awaits, partner):
    """False when the ?: is wholly inside brackets that the co_await is not in: f(a ? b : c) is then a mere argument."""
    return all(
        opened < awaits < closed for opened, closed in partner.items() if opened < question < closed
    )


def faults_of(path):
    text = blank(path.read_text())
    partner, expression = braces(text)
    for match in re.finditer(r"\bco_await\b", text):
        line = text.count("\n", 0, match.start()) + 1
        begin = start_of_expression(text, match.start(), partner, expression)
        end = end_of_expression(text, match.end(), partner)
        whole = text[begin:end]
        if re.search(r"(?:^|[(,=?:])\s*\[[^\]]*\]\s*[({m]", whole):
            yield f"{path}:{line}: lambda in an expression with co_await: name it first"
        elif any(begin <= brace < end for brace in expression):
            yield f"{path}:{line}: brace-built temporary in an expression with co_await: name it first"
        elif any(shares_operand(at, match.start(), partner) for at in positions(text, "?", begin, end)):
            yield f"{path}:{line}: co_await inside ?: — use if"
    for match in LAMBDA_COROUTINE.finditer(text):
        if match[1].strip():
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: a lambda coroutine must not capture: pass parameters by value"


def main():
    given = [pathlib.Path(name) for name in sys.argv[1:]] or [pathlib.Path(__file__).parents[1]]
    files = []
    for place in given:
        files += [place] if place.is_file() else sorted(
            p for folder in FOLDERS for p in (place / folder).rglob("*.[chi]pp"))
    faults = [fault for path in files for fault in faults_of(path)]
    print("\n".join(faults) or f"coroutines are in order ({len(files)} files)")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
