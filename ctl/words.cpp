#include "ctl/words.hpp"

namespace muster::ctl {

namespace {

/// By "--output", "-o" or "-ojson"; null where there is none.
const CLI::Option* find_option(const CLI::App& app, const std::string& name) {
    const bool is_short = name.size() > 2 && name[1] != '-';
    for (const CLI::Option* option : options_of(app)) {
        if (option->check_name(name) || (is_short && option->check_name(name.substr(0, 2)))) {
            return option;
        }
    }
    return nullptr;
}

const CLI::App* find_verb(const CLI::App& app, const std::string& name) {
    for (const CLI::App* verb : verbs_of(app)) {
        if (verb->check_name(name)) {
            return verb;
        }
    }
    return nullptr;
}

/// Whether the value is a word of its own.
bool takes_next(const CLI::Option& option, const std::string& word) {
    const bool is_attached = word.find('=') != std::string::npos || !option.check_name(word);
    return option.get_items_expected_max() > 0 && !is_attached;
}

}  // namespace

bool is_option(std::string_view word) {
    return word.size() > 1 && word.front() == '-';
}

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

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App* verb) { return !verb->get_name().empty(); });
}

Reached reached_by(const CLI::App& app, const std::vector<std::string>& words) {
    Reached out;
    out.verb = &app;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& word = words[at];
        if (out.waiting != nullptr) {
            out.waiting = nullptr;
        } else if (is_option(word)) {
            const CLI::Option* option = find_option(*out.verb, word.substr(0, word.find('=')));
            if (option == nullptr) {
                out.unknown_options.push_back(word);
            } else if (takes_next(*option, word)) {
                out.waiting = option;
            }
        } else if (const CLI::App* verb = find_verb(*out.verb, word)) {
            out.verb = verb;
            out.arguments.clear();
        } else {
            if (out.arguments.empty()) {
                out.first_argument = at;
            }
            out.arguments.push_back(word);
        }
    }
    return out;
}

}  // namespace muster::ctl
