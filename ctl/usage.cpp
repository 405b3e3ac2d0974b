#include "ctl/usage.hpp"

#include "base/bytes.hpp"
#include "config/values.hpp"
#include "ctl/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

namespace muster::ctl {

namespace {

using Words = std::vector<std::string>;

constexpr std::size_t most_guesses = 3;

/// What other programs call a verb.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> elsewhere = {{
    {"ls", "list"},
    {"get", "show"},
    {"describe", "show"},
    {"add", "create"},
    {"new", "create"},
    {"rm", "delete"},
    {"remove", "delete"},
    {"update", "edit"},
}};

/// "muster incident show"
std::string path_of(const CLI::App& app) {
    const CLI::App* above = app.get_parent();
    return above == nullptr ? app.get_name() : path_of(*above) + " " + app.get_name();
}

/// As a shell takes it for one word.
std::string quoted(const std::string& word) {
    const bool is_plain = !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
        return std::isalnum(c) != 0 || c >= 0x80 ||
               std::string_view("-_./:=@,+").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (is_plain) {
        return word;
    }
    std::string out = "'";
    for (const char c : word) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

std::string joined(const Words& words) {
    std::string out;
    for (const std::string& word : words) {
        out += " " + quoted(word);
    }
    return out;
}

/// The same without the program's name; empty for the program itself.
std::string name_of(const CLI::App& app) {
    const std::string path = path_of(app);
    const std::size_t blank = path.find(' ');
    return blank == std::string::npos ? "" : path.substr(blank + 1);
}

const CLI::App* verb_called(const CLI::App& app, std::string_view name) {
    for (const CLI::App* verb : verbs_of(app)) {
        if (verb->check_name(std::string(name))) {
            return verb;
        }
    }
    return nullptr;
}

/// "policies" and "policy" are one word.
std::string singular(std::string_view word) {
    if (word.size() > 3 && word.ends_with("ies")) {
        return std::string(word.substr(0, word.size() - 3)) + "y";
    }
    return std::string(word.ends_with("s") ? word.substr(0, word.size() - 1) : word);
}

/// The verb of the group that was most likely meant; null where none is close.
const CLI::App* close_verb(const CLI::App& group, const std::string& word) {
    for (const CLI::App* verb : verbs_of(group)) {
        if (singular(verb->get_name()) == singular(word)) {
            return verb;
        }
    }
    for (const auto& [other, ours] : elsewhere) {
        if (const CLI::App* verb = verb_called(group, ours); other == word && verb != nullptr) {
            return verb;
        }
    }
    std::vector<std::string_view> names;
    for (const CLI::App* verb : verbs_of(group)) {
        names.emplace_back(verb->get_name());
    }
    const std::string_view guess = config::nearest(word, names);
    return guess.empty() ? nullptr : verb_called(group, guess);
}

/// A group stands for its list, or with a name behind it for showing that one.
std::string completed(const CLI::App& verb, const Words& rest) {
    const std::string path = path_of(verb);
    if (verbs_of(verb).empty()) {
        return path + joined(rest);
    }
    const auto argument = std::ranges::find_if_not(rest, is_option);
    if (argument != rest.end() && verb_called(verb, *argument) != nullptr) {
        return path + joined(rest);
    }
    const char* const usual = argument == rest.end() ? "list" : "show";
    return path + (verb_called(verb, usual) == nullptr ? "" : std::string(" ") + usual) +
           joined(rest);
}

/// "muster probe list": the list of such things is a verb beside the group, "probes". Null where there is none.
const CLI::App* list_beside(const CLI::App& group, const std::string& word) {
    const CLI::App* above = group.get_parent();
    const bool is_looking = word == "list" || word == "ls" || word == "show";
    return above == nullptr || !is_looking || verb_called(group, word) != nullptr
               ? nullptr
               : verb_called(*above, group.get_name() + "s");
}

/// Whole command lines that may have been meant instead.
Words guesses(const CLI::App& group, const std::string& word, const Words& rest) {
    if (const CLI::App* beside = list_beside(group, word)) {
        return {completed(*beside, rest)};
    }
    if (const CLI::App* close = close_verb(group, word)) {
        return {completed(*close, rest)};
    }
    Words out;
    for (const CLI::App* verb : verbs_of(group)) {
        if (const CLI::App* below = verb_called(*verb, word)) {
            out.push_back(completed(*below, rest));
        }
    }
    if (!out.empty() && out.size() <= most_guesses) {
        return out;
    }
    // "muster ci web4": the name of one, with the verb left out.
    if (group.get_parent() != nullptr && verb_called(group, "show") != nullptr && rest.empty()) {
        return {path_of(group) + " show " + quoted(word)};
    }
    return {};
}

std::string meant(const Words& lines) {
    std::string out;
    for (const std::string& line : lines) {
        out += out.empty() ? "did you mean: " : "\n          or: ";
        out += line;
    }
    return out;
}

std::string names_of(const CLI::App& group) {
    std::string out;
    for (const CLI::App* verb : verbs_of(group)) {
        out += (out.empty() ? "" : ", ") + verb->get_name();
    }
    return out;
}

std::string unknown_verb(const Reached& reached, const Words& words) {
    const std::string& word = reached.arguments.front();
    const auto behind = static_cast<std::ptrdiff_t>(reached.first_argument) + 1;
    const Words lines = guesses(*reached.verb, word, Words(words.begin() + behind, words.end()));
    const std::string group = name_of(*reached.verb);
    const std::string what = group.empty()
                                 ? fmt::format("muster: there is no verb \"{}\"", word)
                                 : fmt::format("muster: {} has no verb \"{}\"", group, word);
    return lines.empty() ? fmt::format("{}; there is: {}\n", what, names_of(*reached.verb))
                         : fmt::format("{}\n{}\n", what, meant(lines));
}

/// What a group can do, a line each.
std::string verbs_text(const CLI::App& group) {
    std::size_t widest = 0;
    for (const CLI::App* verb : verbs_of(group)) {
        widest = std::max(widest, verb->get_name().size());
    }
    const std::string name = name_of(group);
    std::string out = name.empty() ? "muster: give one of these verbs\n"
                                   : fmt::format("muster: {} needs one of these verbs\n", name);
    for (const CLI::App* verb : verbs_of(group)) {
        out += fmt::format("  {:<{}}  {}\n", verb->get_name(), widest, verb->get_description());
    }
    return out;
}

/// "-f,--file FILE" as one writes it: "-f FILE"; a positional one by its name.
std::string written(const CLI::Option& option) {
    if (!option.nonpositional()) {
        return option.get_name();
    }
    const std::string name = option.get_snames().empty() ? "--" + option.get_lnames().front()
                                                         : "-" + option.get_snames().front();
    std::string value = option.get_lnames().empty() ? "VALUE" : option.get_lnames().front();
    std::ranges::transform(value, value.begin(), [](unsigned char c) {
        return static_cast<char>(std::toupper(c));
    });
    return option.get_items_expected_max() > 0 ? name + " " + value : name;
}

/// "usage: muster incident assign INCIDENT [ASSIGNEE] [options]"
std::string usage_line(const CLI::App& verb) {
    std::string out = "usage: " + path_of(verb);
    bool has_more = false;
    for (const CLI::Option* option : verb.get_options()) {
        if (option->get_required()) {
            out += " " + written(*option);
        } else if (option->get_positional()) {
            out += " [" + option->get_name() + "]";
        } else {
            has_more = has_more || option != verb.get_help_ptr();
        }
    }
    return out + (has_more ? " [options]" : "") + "; " + path_of(verb) + " --help says more\n";
}

std::vector<const CLI::Option*> missing_of(const CLI::App& verb) {
    std::vector<const CLI::Option*> out;
    for (const CLI::Option* option : verb.get_options()) {
        if (option->get_required() && option->count() == 0) {
            out.push_back(option);
        }
    }
    return out;
}

std::size_t positions_of(const CLI::App& verb) {
    return static_cast<std::size_t>(std::ranges::count_if(
        verb.get_options(), [](const CLI::Option* option) { return option->get_positional(); }
    ));
}

std::string missing_text(const Reached& reached, const std::vector<const CLI::Option*>& missing) {
    const CLI::App& verb = *reached.verb;
    std::string out;
    for (const CLI::Option* option : missing) {
        out += fmt::format(
            "muster: {} needs {}: {}\n", name_of(verb), written(*option), option->get_description()
        );
    }
    // "muster apply FILE": the value is there, its option is not.
    if (missing.size() == 1 && missing.front()->nonpositional() &&
        reached.arguments.size() == positions_of(verb) + 1) {
        const std::string option = written(*missing.front());
        out += meant(
                   {path_of(verb) + " " + option.substr(0, option.find(' ')) +
                    joined({reached.arguments.back()})}
               ) +
               "\n";
    }
    return out;
}

/// Whether the verb takes a reason by an option; null: it takes none.
const CLI::Option* reason_option(const CLI::App& verb) {
    for (const CLI::Option* option : verb.get_options()) {
        if (option->check_lname("reason")) {
            return option;
        }
    }
    return nullptr;
}

std::string too_many_text(const Reached& reached) {
    const CLI::App& verb = *reached.verb;
    const auto from = static_cast<std::ptrdiff_t>(positions_of(verb));
    const Words more(reached.arguments.begin() + from, reached.arguments.end());
    std::string out =
        fmt::format("muster: \"{}\" is one word too many for {}", more.front(), name_of(verb));
    if (const CLI::Option* reason = reason_option(verb); reason != nullptr && reason->empty()) {
        const Words all(reached.arguments.begin(), reached.arguments.begin() + from);
        const std::string text = fmt::format("{}", fmt::join(more, " "));
        return out + "\n" + meant({path_of(verb) + joined(all) + " --reason " + quoted(text)}) +
               "\n";
    }
    const bool was_quoted = more.front().find(' ') != std::string::npos;
    return out + (was_quoted ? "\n" : "; what has blanks in it stands in quotes\n");
}

std::string unknown_option(const Reached& reached) {
    const std::string word =
        reached.unknown_options.front().substr(0, reached.unknown_options.front().find('='));
    std::vector<std::string> names;
    for (const CLI::Option* option : options_of(*reached.verb)) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view guess = config::nearest(word, known);
    const std::string name = name_of(*reached.verb);
    return fmt::format(
        "muster: {} has no option {}{}\n",
        name.empty() ? "the program" : name,
        word,
        guess.empty() ? "" : fmt::format("; did you mean {}?", guess)
    );
}

}  // namespace

std::string usage_text(
    const CLI::App& app, const std::vector<std::string>& words, const CLI::ParseError& problem
) {
    Words shown;
    for (const std::string& word : words) {
        shown.push_back(printable(word));
    }
    const Reached reached = reached_by(app, shown);
    const CLI::App& verb = *reached.verb;
    const bool is_group = !verbs_of(verb).empty();
    const bool is_shape = dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr ||
                          dynamic_cast<const CLI::ExtrasError*>(&problem) != nullptr;
    std::string out;
    if (!is_shape) {
        out = fmt::format("muster: {}\n", printable(problem.what()));
    } else if (is_group && !reached.arguments.empty()) {
        return unknown_verb(reached, shown);
    } else if (!reached.unknown_options.empty()) {
        out = unknown_option(reached);
    } else if (is_group) {
        return verbs_text(verb);
    } else if (const auto missing = missing_of(verb); !missing.empty()) {
        out = missing_text(reached, missing);
    } else if (reached.arguments.size() > positions_of(verb)) {
        out = too_many_text(reached);
    } else {
        out = fmt::format("muster: {}\n", printable(problem.what()));
    }
    return out + (is_group ? "" : usage_line(verb));
}

}  // namespace muster::ctl
