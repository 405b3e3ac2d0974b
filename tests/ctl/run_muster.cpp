#include "tests/ctl/run_muster.hpp"

#include "base/expect.hpp"
#include "ctl/program.hpp"

#include <sstream>

namespace muster::ctl {

Ran Muster::run(std::vector<std::string> arguments) {
    const ManualClock clock(*parse_rfc3339("2026-11-22T09:26:00Z"));
    SeededRandom random(1);
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    World world{
        .files = files,
        .clock = clock,
        .random = random,
        .in = in,
        .out = out,
        .err = err,
        .environment = environment,
        .program_folder = MUSTER_BIN_DIR "/",
        .output_kind = output_kind,
    };
    const int code = ctl::run(world, std::move(arguments));
    return {code, out.str(), err.str()};
}

void Muster::put(const std::string& path, std::string_view text) {
    expect(files.create_directories(path.substr(0, path.rfind('/'))).has_value(), "a folder");
    expect(write_file_atomically(files, path, text).has_value(), "a file");
}

}  // namespace muster::ctl
