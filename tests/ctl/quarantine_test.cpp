// What was set aside, on the command line.
#include "tests/ctl/command_line.hpp"

namespace muster::ctl {
namespace {

using testing::HasSubstr;

using Quarantine = CommandLine;

constexpr const char* garbage =
    R"({"id":"1-7","agent":{"id":"0f","name":null},"spool":"5e","seq":12,)"
    R"("at":"2026-11-24T02:14:00Z","why":"kind 9","bytes":2,"payload":"AP8"})";

TEST_F(Quarantine, IsListedWithWhoseItIsAndWhy) {
    const CannedServer server({{"GET /api/v1/quarantine?limit=100", {200, page(garbage)}}});
    const Ran ran = run(server, {"quarantine", "list"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    for (const char* part : {"1-7", "0f", "12", "kind 9"}) {
        EXPECT_THAT(ran.out, HasSubstr(part));
    }
}

TEST_F(Quarantine, GivesTheBytesOfOneToAFile) {
    const CannedServer server({{"GET /api/v1/quarantine/1-7", {200, garbage}}});
    const Ran ran = run(server, {"quarantine", "show", "1-7", "--payload", "/home/me/payload"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("kind 9"));
    EXPECT_EQ(
        read_file(muster.files, "/home/me/payload", 100).value_or(""), std::string("\0\xff", 2)
    );
    EXPECT_EQ(run(server, {"quarantine", "show", "1-8"}).code, 1);
}

}  // namespace
}  // namespace muster::ctl
