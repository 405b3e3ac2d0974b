#include "collector/api/json_names.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

namespace json = boost::json;
using boost::system::error_code;

/// What the parser tells of a text; all but names is passed over.
struct Names {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    std::vector<std::vector<std::string>> open;  // the names of each object that has not ended
    std::string name;
    std::optional<std::string> twice;

    // NOLINTBEGIN: the parser gives the names, the signatures and the meaning of true
    bool on_document_begin(error_code&) { return true; }

    bool on_document_end(error_code&) { return true; }

    bool on_array_begin(error_code&) { return true; }

    bool on_array_end(std::size_t, error_code&) { return true; }

    bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }

    bool on_string(json::string_view, std::size_t, error_code&) { return true; }

    bool on_number_part(json::string_view, error_code&) { return true; }

    bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }

    bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }

    bool on_double(double, json::string_view, error_code&) { return true; }

    bool on_bool(bool, error_code&) { return true; }

    bool on_null(error_code&) { return true; }

    bool on_comment_part(json::string_view, error_code&) { return true; }

    bool on_comment(json::string_view, error_code&) { return true; }

    // NOLINTEND

    bool on_object_begin(error_code& /*unused*/) {
        open.emplace_back();
        return true;
    }

    bool on_key_part(json::string_view part, std::size_t /*length*/, error_code& /*unused*/) {
        name.append(part.data(), part.size());
        return true;
    }

    bool on_key(json::string_view part, std::size_t /*length*/, error_code& /*unused*/) {
        name.append(part.data(), part.size());
        open.back().push_back(std::exchange(name, {}));
        return true;
    }

    bool on_object_end(std::size_t /*count*/, error_code& problem) {
        std::vector<std::string>& names = open.back();
        std::ranges::sort(names);
        if (const auto same = std::ranges::adjacent_find(names); same != names.end()) {
            twice = *same;
            problem = boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
            return false;  // it is known
        }
        open.pop_back();
        return true;
    }
};

}  // namespace

std::optional<std::string> name_given_twice(std::string_view text) {
    json::parse_options options;
    options.max_depth = std::size_t(-1);
    json::basic_parser<Names> parser(options);
    error_code problem;
    parser.write_some(false, text.data(), text.size(), problem);
    return parser.handler().twice;
}

}  // namespace muster::collector
