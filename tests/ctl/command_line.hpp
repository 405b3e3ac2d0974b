// Owns: the command line as tests of its verbs run it: signed in at a collector that is canned.
#pragma once

#include "tests/ctl/canned_server.hpp"
#include "tests/ctl/run_muster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace muster::ctl {

/// A page of a list; `cursor` as JSON.
inline std::string page(const std::string& items, const std::string& cursor = "null") {
    return "{\"items\":[" + items + "],\"next_cursor\":" + cursor + ",\"total_estimate\":1}";
}

class CommandLine : public testing::Test {
  protected:
    CommandLine() { muster.put("/home/me/token", "it1.a.secret\n"); }

    Ran run(const CannedServer& server, std::vector<std::string> arguments) {
        for (const char* more : {"--server", "", "--token-file", "/home/me/token"}) {
            arguments.emplace_back(*more == '\0' ? server.url() : more);
        }
        return muster.run(std::move(arguments));
    }

    Muster muster;
};

}  // namespace muster::ctl
