// Any text is either a watch or errors with places; nothing else happens.
#include "config/watch.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

constexpr muster::config::ParamSpec params[] = {
    {.name = "url", .kind = muster::config::ParamKind::url, .default_text = {}},
    {.name = "count",
     .kind = muster::config::ParamKind::integer,
     .default_text = "3",
     .least = 1,
     .most = 9},
    {.name = "expect.status", .kind = muster::config::ParamKind::integer_list, .default_text = {}},
    {.name = "expect.body", .kind = muster::config::ParamKind::regex, .default_text = {}},
    {.name = "headers", .kind = muster::config::ParamKind::text_map, .default_text = {}},
    {.name = "oids", .kind = muster::config::ParamKind::oid_list, .default_text = {}},
    {.name = "password", .kind = muster::config::ParamKind::secret, .default_text = {}},
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    // Repetitions are allowed to take long; they are not what is looked for here.
    if (size > 4096 || text.find("each") != std::string::npos) {
        return 0;
    }
    const muster::config::ConfigText files[] = {{"a.yaml", text}};
    const muster::config::ProbeSchema types[] = {{"icmp", params}};
    const auto watch = muster::config::parse_watch(files, types);
    if (!watch && !watch.error().text().starts_with("a.yaml:")) {
        std::abort();
    }
    return 0;
}
