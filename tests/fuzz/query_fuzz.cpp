// Any text is either a query that can be asked or an error with a column.
#include "config/query.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto query = muster::config::Query::parse(text);
    if (!query) {
        if (!query.error().text().starts_with("column ")) {
            std::abort();
        }
        return 0;
    }
    const auto fields = [](std::string_view field) { return std::optional(std::string(field)); };
    static_cast<void>(query->matches(fields));
    if (!muster::config::Query::parse(query->text())) {
        std::abort();
    }
    return 0;
}
