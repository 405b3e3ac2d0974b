#include "ctl/completion.hpp"

#include "ctl/words.hpp"

#include <algorithm>
#include <string_view>

namespace muster::ctl {

namespace {

/// "TEXT:{table,json,csv}", as a check of the option or its type says it.
std::vector<std::string> choices_of(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    const std::size_t open = type.find('{');
    const std::size_t close = type.find('}', open);
    std::vector<std::string> choices;
    if (open == std::string::npos || close == std::string::npos) {
        return choices;
    }
    std::string_view rest = std::string_view(type).substr(open + 1, close - open - 1);
    while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        choices.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return choices;
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

void add(Completion& out, const std::string& typed, std::string text, std::string description) {
    if (text.starts_with(typed)) {
        out.candidates.push_back({std::move(text), std::move(description)});
    }
}

void add_values(Completion& out, const CLI::Option& option, const std::string& typed) {
    const std::vector<std::string> choices = choices_of(option);
    for (const std::string& choice : choices) {
        add(out, typed, choice, "");
    }
    out.takes_files = choices.empty();
}

void add_options(Completion& out, const CLI::App& app, const std::string& typed) {
    for (const CLI::Option* option : options_of(app)) {
        for (const std::string& name : option->get_lnames()) {
            add(out, typed, "--" + name, first_line(option->get_description()));
        }
        for (const std::string& name : option->get_snames()) {
            add(out, typed, "-" + name, first_line(option->get_description()));
        }
    }
}

void add_verbs(Completion& out, const CLI::App& app, const std::string& typed) {
    for (const CLI::App* verb : verbs_of(app)) {
        if (!verb->get_group().empty()) {
            add(out, typed, verb->get_name(), first_line(verb->get_description()));
        }
    }
}

/// The first argument that is no option and has not been given, and those that take any number.
const CLI::Option* positional(const CLI::App& app, std::size_t given) {
    std::size_t at = 0;
    for (const CLI::Option* option : app.get_options()) {
        if (!option->get_positional()) {
            continue;
        }
        if (at == given || option->get_expected_max() > 1) {
            return option;
        }
        ++at;
    }
    return nullptr;
}

}  // namespace

Completion complete(const CLI::App& app, const std::vector<std::string>& words) {
    Completion out;
    const std::vector<std::string> before(words.begin(), words.end() - (words.empty() ? 0 : 1));
    const Reached reached = reached_by(app, before);
    const std::string typed = words.empty() ? "" : words.back();
    if (reached.waiting != nullptr) {
        add_values(out, *reached.waiting, typed);
    } else if (is_option(typed) || typed == "-") {
        add_options(out, *reached.verb, typed);
    } else {
        add_verbs(out, *reached.verb, typed);
        if (const CLI::Option* argument = positional(*reached.verb, reached.arguments.size())) {
            add_values(out, *argument, typed);
        }
    }
    return out;
}

}  // namespace muster::ctl
