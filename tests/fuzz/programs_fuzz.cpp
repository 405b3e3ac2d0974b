// Any text is either the configuration of a program or errors with places; nothing else happens. The first byte says which.
#include "base/memory_files.hpp"
#include "config/programs.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

constexpr muster::config::ParamSpec params[] = {
    {.name = "count",
     .kind = muster::config::ParamKind::integer,
     .default_text = "3",
     .least = 1,
     .most = 9},
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    constexpr std::size_t longest = 4096;
    if (size == 0 || size > longest) {
        return 0;
    }
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (text.find("each") != std::string::npos) {
        return 0;  // repetitions are allowed to take long
    }
    MemoryFiles files;
    const std::string path = "/etc/a.yaml";
    if (!files.create_directories("/etc")) {
        std::abort();
    }
    auto file = files.open(path, OpenMode::create_new);
    if (!file || !(*file)->append(text)) {
        std::abort();
    }
    const config::ProbeSchema types[] = {{"icmp", params}};
    std::string problem;
    if ((data[0] & 1U) == 0) {
        const auto loaded = config::load_agent_config(files, path);
        problem = loaded ? "" : loaded.error().text();
    } else {
        const auto loaded = config::load_collector_config(files, path, types);
        problem = loaded ? "" : loaded.error().text();
    }
    if (!problem.empty() && problem.find(path) == std::string::npos) {
        std::abort();
    }
    return 0;
}
