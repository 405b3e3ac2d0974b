#include "collector/configuration/applied.hpp"

#include "base/bytes.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_name = 100;
constexpr std::size_t largest_set = 64u << 20;

bool is_plain(std::string_view name) {
    return !name.empty() && name.size() <= longest_name && name.front() != '.' &&
           name.ends_with(".yaml") && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
           });
}

Failure not_ours(const std::string& path) {
    return failure(
        ErrorKind::corrupt,
        "it does not hold what was applied; put it back from a backup, or remove it and apply "
        "again",
        path
    );
}

}  // namespace

Result<std::string> applied_name(std::string_view file) {
    if (!is_plain(file)) {
        return failure(
            ErrorKind::invalid,
            "\"" + printable(file, longest_name) +
                "\", expected a file's name such as web.yaml: letters, digits, \".\", \"_\" and "
                "\"-\""
        );
    }
    return std::string(applied_prefix) + std::string(file);
}

AppliedTexts after_applying(const AppliedTexts& had, const AppliedTexts& given, Prune prune) {
    AppliedTexts out = given;
    for (const config::ConfigText& text : had) {
        const bool is_given =
            std::ranges::find(given, text.name, &config::ConfigText::name) != given.end();
        if (!is_given && prune == Prune::no) {
            out.push_back(text);
        }
    }
    std::ranges::sort(out, {}, &config::ConfigText::name);
    return out;
}

Result<AppliedTexts> read_applied(Files& files, const std::string& path) {
    if (!files.exists(path)) {
        return AppliedTexts{};
    }
    const auto text = read_file(files, path, largest_set);
    if (!text) {
        return failure(text.error());
    }
    boost::system::error_code unreadable;
    const json::value parsed = json::parse(*text, unreadable);
    const json::object* root = unreadable ? nullptr : parsed.if_object();
    const json::value* list = root == nullptr ? nullptr : root->if_contains("files");
    if (list == nullptr || !list->is_array()) {
        return not_ours(path);
    }
    AppliedTexts out;
    for (const json::value& each : list->get_array()) {
        const json::object* file = each.if_object();
        const json::value* name = file == nullptr ? nullptr : file->if_contains("name");
        const json::value* body = file == nullptr ? nullptr : file->if_contains("text");
        if (name == nullptr || body == nullptr || !name->is_string() || !body->is_string()) {
            return not_ours(path);
        }
        out.push_back({std::string(name->get_string()), std::string(body->get_string())});
    }
    return out;
}

Status write_applied(Files& files, const std::string& path, const AppliedTexts& texts) {
    json::array list;
    for (const config::ConfigText& text : texts) {
        list.push_back(json::object{{"name", text.name}, {"text", text.text}});
    }
    return write_file_atomically(
        files, path, json::serialize(json::object{{"files", std::move(list)}}) + "\n"
    );
}

}  // namespace muster::collector
