// Owns: `muster completion`, and the word by which the shells' scripts ask. Leaves to completion.hpp: what may come next.
#include "ctl/completion.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

/// Bash cuts words at '=' and ':'; bash-completion puts them together again where it is installed.
constexpr std::string_view bash_script =
    R"script(# Completion of muster for bash: . <(muster completion bash)
_muster() {
    local cur words cword line files=no
    COMPREPLY=()
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n =: cur words cword
    else
        cur=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
    fi
    while IFS= read -r line; do
        if [ "$line" = ":files" ]; then
            files=yes
        elif [ -n "$line" ]; then
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <("${words[0]}" __complete "${words[@]:1:cword}" 2>/dev/null)
    if [ "$files" = yes ]; then
        compopt -o default 2>/dev/null
    fi
    if declare -F __ltrim_colon_completions >/dev/null; then
        __ltrim_colon_completions "$cur"
    fi
}
complete -F _muster muster
)script";

constexpr std::string_view zsh_script = R"script(#compdef muster
# Completion of muster for zsh: source <(muster completion zsh)
_muster() {
    local line files=no
    local -a candidates
    while IFS= read -r line; do
        if [[ $line == ":files" ]]; then
            files=yes
        elif [[ -n $line ]]; then
            line=${line//:/\\:}
            candidates+=("${line/$'\t'/:}")
        fi
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( ${#candidates} )) && _describe -V muster candidates
    [[ $files == yes ]] && _files
}
if [ "$funcstack[1]" = "_muster" ]; then
    _muster
elif (( $+functions[compdef] )); then
    compdef _muster muster
fi
)script";

constexpr std::string_view fish_script =
    R"script(# Completion of muster for fish: muster completion fish | source
function __muster_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    for line in ($words[1] __complete $words[2..] "$cur" 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$cur"
        else
            echo "$line"
        end
    end
end
complete -c muster -f -a '(__muster_complete)'
)script";

std::string_view script_for(const std::string& shell) {
    return shell == "bash" ? bash_script : shell == "zsh" ? zsh_script : fish_script;
}

}  // namespace

int tell_completion(World& world, const CLI::App& root, const std::vector<std::string>& words) {
    const Completion found = complete(root, words);
    for (const Candidate& candidate : found.candidates) {
        world.out << candidate.text;
        if (!candidate.description.empty()) {
            world.out << '\t' << candidate.description;
        }
        world.out << '\n';
    }
    if (found.takes_files) {
        world.out << ":files\n";
    }
    return exit_success;
}

void add_completion_verbs(CLI::App& app, Session& session) {
    // Owned by the callback below and by the option that writes into it.
    const auto shell = std::make_shared<std::string>();
    CLI::App* verb = app.add_subcommand(
        "completion", "A script that completes muster's verbs and options in your shell"
    );
    verb->add_option("SHELL", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    verb->callback([&session, shell] {
        session.action = [&session, shell] {
            session.world().out << script_for(*shell);
            return exit_success;
        };
    });
}

}  // namespace muster::ctl
