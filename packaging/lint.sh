#!/usr/bin/env bash
# The work of packaging/lint, inside the build environment. Ends with 1 when anything is found.
set -uo pipefail
mode=$1
failed=0
report() {
    echo "lint: $1"
    failed=1
}

mapfile -t sources < <(git ls-files '*.cpp' '*.h' '*.cu' '*.cuh')
mapfile -t units < <(git ls-files '*.cpp' ':!tests')
mapfile -t views < <(git ls-files '*.qml')

if [ "$mode" = --fix ]; then
    clang-format-19 -i "${sources[@]}"
    [ ${#views[@]} = 0 ] || /usr/lib/qt6/bin/qmlformat -i "${views[@]}"
else
    clang-format-19 --dry-run --Werror "${sources[@]}" || report "clang-format: packaging/lint --fix mends it"
    for view in "${views[@]}"; do
        /usr/lib/qt6/bin/qmlformat "$view" | cmp -s - "$view" || report "qmlformat: $view"
    done
fi

# Untrusted text may never reach a format that is interpreted: every Text says that it is plain, because
# the default is not (experience.md 6.4).
for view in "${views[@]}"; do
    texts=$(grep -cE '^[[:space:]]*([A-Za-z]+:[[:space:]]*)?Text \{' "$view")
    plain=$(grep -cE 'textFormat: Text\.PlainText' "$view")
    [ "$texts" -le "$plain" ] || report "$view: $texts Text items, $plain with textFormat: Text.PlainText"
    ! grep -nE '(Markdown|Rich|Styled|Auto)Text' "$view" || report "$view: interpreted text"
done

if [ ${#views[@]} != 0 ]; then
    cmake --build build/dev --target all_qmllint >build/qmllint.log 2>&1 && ! grep -q -i '^\(warning\|error\)' build/qmllint.log ||
        { grep -i -E 'warning|error' build/qmllint.log | head -40; report qmllint; }
fi

[ "$mode" = --quick ] && exit $failed
printf '%s\n' "${units[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/dev --quiet 2>build/tidy.err ||
    report clang-tidy
exit $failed
