"""The scripts that the shells run at TAB, and their installation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fatecloud.errors import UsageError

BASH = r"""# TAB for fatecloud in bash
_fatecloud_complete() {
    local -a answer=()
    local line program=${1/#\~/$HOME}
    while IFS= read -r line; do answer+=("${line%%$'\t'*}"); done < <(
        _FATECLOUD_COMPLETE=bash COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" COMP_WORDBREAKS="$COMP_WORDBREAKS" \
            "$program" 2>/dev/null)
    COMPREPLY=("${answer[@]:1}")
    case ${answer[0]-} in files) compopt -o default ;; esac
    case ${COMPREPLY[0]-} in */|*=) compopt -o nospace ;; esac
}
complete -F _fatecloud_complete fatecloud
"""
ZSH = r"""#compdef fatecloud
# TAB for fatecloud in zsh
_fatecloud() {
    local -a answer plain open
    local line entry program=${(Q)words[1]/#\~/$HOME}
    answer=("${(@f)$(_FATECLOUD_COMPLETE=zsh "$program" "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    if [[ ${answer[1]} == files ]]; then
        _files
        return
    fi
    for line in "${(@)answer[2,-1]}"; do
        [[ -n $line ]] || continue
        entry=${${line%%$'\t'*}//:/\\:}
        [[ $line == *$'\t'* ]] && line="$entry:${line#*$'\t'}" || line=$entry
        if [[ $entry == */ || $entry == *= ]]; then open+=("$line"); else plain+=("$line"); fi
    done
    local found=1
    (( $#plain )) && _describe -V fatecloud plain && found=0
    (( $#open )) && _describe -V fatecloud open -S '' && found=0
    return found
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _fatecloud "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i; }
    compdef _fatecloud fatecloud
fi
"""
FISH = r"""# TAB for fatecloud in fish
function __fatecloud_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -e words[1]
    set -l answer (env _FATECLOUD_COMPLETE=fish $program $words "$current" 2>/dev/null)
    if test "$answer[1]" = files
        __fish_complete_path "$current"
    else
        set -e answer[1]
        printf '%s\n' $answer
    end
end
complete -c fatecloud -f -a '(__fatecloud_complete)'
"""
SCRIPTS: Mapping[str, str] = {"bash": BASH, "zsh": ZSH, "fish": FISH}
"""Shell -> script."""


def detect_shell() -> str:
    """The name of the shell that runs this command. Raises UsageError if it is not a shell with completion."""
    process = os.getppid()
    while process > 1:
        try:
            name = Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").strip()
            if name in SCRIPTS:
                return name
            process = int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            break
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SCRIPTS:
        known = ", ".join(f"fatecloud completion {shell}" for shell in SCRIPTS)
        raise UsageError("this command was not started by bash, zsh or fish", remedy=f"name the shell: {known}")
    return name


def install(shell: str, home: Path) -> list[Path]:
    """Write a shell's script, and a line into its startup file that reads it. Safe to run again.

    Args:
        shell: `bash`, `zsh` or `fish`.
        home: the user's home directory.

    Returns:
        The files that were written.
    """
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    configuration = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    script, startup = {
        "bash": (data / "fatecloud/completion.bash", home / ".bashrc"),
        "zsh": (data / "fatecloud/completion.zsh", Path(os.environ.get("ZDOTDIR") or home) / ".zshrc"),
        "fish": (configuration / "fish/completions/fatecloud.fish", None),
    }[shell]
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SCRIPTS[shell], encoding="utf-8")
    if startup is None:
        return [script]
    line = f"[ -r '{script}' ] && . '{script}'  # fatecloud completion"
    before = startup.read_text(encoding="utf-8", errors="surrogateescape") if startup.exists() else ""
    if line in before.splitlines():
        return [script]
    with startup.open("a", encoding="utf-8") as stream:
        stream.write(("\n" if before and not before.endswith("\n") else "") + line + "\n")
    return [script, startup]
