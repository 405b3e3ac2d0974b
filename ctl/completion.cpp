#include "ctl/completion.hpp"

#include <algorithm>
#include <string_view>

namespace muster::ctl {

namespace {

bool is_option(std::string_view word) {
    return word.size() > 1 && word.front() == '-';
}

/// Those of the verb and, since options fall through, of the groups above it.
std::vector<const CLI::Option*> options_of(const CLI::App& app) {
    std::vector<const CLI::Option*> found;
    for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
        for (const CLI::Option* option : at->get_options()) {
            if (option->nonpositional()) {
                found.push_back(option);
            }
        }
    }
    return found;
}

/// By "--output" or "-o"; null where there is none.
const CLI::Option* find_option(const CLI::App& app, const std::string& name) {
    for (const CLI::Option* option : options_of(app)) {
        if (option->check_name(name)) {
            return option;
        }
    }
    return nullptr;
}

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() > 0;
}

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
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (!verb->get_group().empty()) {
            add(out, typed, verb->get_name(), first_line(verb->get_description()));
        }
    }
}

const CLI::App* find_verb(const CLI::App& app, const std::string& name) {
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (verb->get_name() == name) {
            return verb;
        }
    }
    return nullptr;
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
    const CLI::App* at = &app;
    const CLI::Option* waiting = nullptr;  // for its value
    std::size_t arguments = 0;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        const std::string& word = words[i];
        if (waiting != nullptr) {
            waiting = nullptr;
        } else if (is_option(word)) {
            const bool has_value = word.find('=') != std::string::npos;
            const CLI::Option* option = has_value ? nullptr : find_option(*at, word);
            waiting = option != nullptr && takes_value(*option) ? option : nullptr;
        } else if (const CLI::App* verb = find_verb(*at, word)) {
            at = verb;
            arguments = 0;
        } else {
            ++arguments;
        }
    }
    const std::string typed = words.empty() ? "" : words.back();
    if (waiting != nullptr) {
        add_values(out, *waiting, typed);
    } else if (is_option(typed) || typed == "-") {
        add_options(out, *at, typed);
    } else {
        add_verbs(out, *at, typed);
        if (const CLI::Option* argument = positional(*at, arguments)) {
            add_values(out, *argument, typed);
        }
    }
    return out;
}

}  // namespace muster::ctl
