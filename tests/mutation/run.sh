#!/usr/bin/env bash
# Does every equation of every device matter to a test? Each mutation of mutations.tsv changes one equation by 1 %
# (a value, a time, a coefficient); the test that its line names must then fail.
#
#   tests/mutation/run.sh            all kinds
#   tests/mutation/run.sh KIND …     these kinds only (diode; vsource also runs vsource/pulse, vsource/sin …)
#
# The working tree is copied to a temporary folder and all mutations are built into the copy at once, each behind a
# switch (table.rs says how); MUTATION=number in the environment of a test turns one of them on. Without any, the tests
# must pass. A Markdown table goes to standard output, progress to standard error. Exit status: 0 if every mutation was
# killed, 1 if one survived, 2 if something else went wrong.
#
# Environment: CARGO_TARGET_DIR, where the copy is built (default: target/mutation); MUTATION_TIMEOUT, seconds that a
# test may take before the mutation counts as killed (default 300).
set -uo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target/mutation}
limit=${MUTATION_TIMEOUT:-300}
unset MUTATION ORACLE_COVERS

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
fail() {
    echo "run.sh: $*" >&2
    exit 2
}

git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy" || fail "no copy"
mkdir "$copy/.mutation"
rustc --edition 2024 -A dead_code -o "$copy/.mutation/instrument" tests/mutation/instrument.rs || fail "no instrument"
"$copy/.mutation/instrument" "$copy" >"$copy/.mutation/list" || fail "the table does not fit the sources"
cd "$copy"

wanted() {
    local kind=$1
    shift
    for k in "$@"; do
        [[ $kind == "$k" || $kind == "$k"/* ]] && return 0
    done
    [[ $# == 0 ]]
}

# What a test says is of interest only if it should have passed.
run_test() {
    # shellcheck disable=SC2086 # a test is several arguments
    timeout "$limit" cargo test --quiet $1 >"$copy/.mutation/log" 2>&1 </dev/null
}

while IFS=$'\t' read -r _ kind _ test; do
    wanted "$kind" "$@" && echo "$test"
done <.mutation/list | sort -u >.mutation/tests
[[ -s .mutation/tests ]] || fail "no mutation of $*"
while read -r test; do
    # shellcheck disable=SC2086
    cargo test --quiet --no-run $test >&2 </dev/null || fail "the mutated sources do not compile"
    run_test "$test" || { cat .mutation/log >&2; fail "cargo test $test fails without a mutation"; }
done <.mutation/tests

echo "| kind | equation, 1 % off | test | result |"
echo "|---|---|---|---|"
killed=0
survived=0
while IFS=$'\t' read -r number kind equation test; do
    wanted "$kind" "$@" || continue
    # The netlists that cover the kind come first; only what survives them needs all the others.
    if MUTATION=$number ORACLE_COVERS=$kind run_test "$test" && MUTATION=$number run_test "$test"; then
        result="**survived**"
        survived=$((survived + 1))
    else
        result="killed"
        killed=$((killed + 1))
    fi
    echo "| $kind | $equation | \`$test\` | $result |"
    echo "$kind, $equation: $result" >&2
done <.mutation/list
echo
echo "$killed killed, $survived survived."
[[ $survived == 0 ]]
