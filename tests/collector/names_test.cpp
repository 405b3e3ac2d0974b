// What the collector is called: by its certificate, and to other machines.
#include "collector/api/own_address.hpp"
#include "collector/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

config::CollectorConfig listening(const std::string& people, std::vector<std::string> names = {}) {
    config::CollectorConfig process;
    process.listen_people = people;
    process.listen_agents = "127.0.0.1:8444";
    process.names = std::move(names);
    return process;
}

TEST(ServerNames, AreThoseOfLoopbackAndTheMachineWhereNothingElseCanReachIt) {
    EXPECT_THAT(
        server_names(listening("127.0.0.1:8443"), {"192.0.2.7"}),
        UnorderedElementsAre("localhost", "127.0.0.1", "::1", machine_name())
    );
}

TEST(ServerNames, AreTheConfiguredOnesAlone) {
    EXPECT_THAT(
        server_names(listening("[::]:8443", {"muster.example.net"}), {"192.0.2.7"}),
        UnorderedElementsAre("localhost", "127.0.0.1", "::1", machine_name(), "muster.example.net")
    );
}

TEST(ServerNames, KeepAddressesThatTheMachineHadAndNoOtherNames) {
    const auto names = server_names(
        listening("[::]:8443"), {"192.0.2.7", "2001:db8::7", "old.example.net", "localhost"}
    );
    EXPECT_THAT(names, IsSupersetOf({"localhost", "192.0.2.7", "2001:db8::7"}));
    EXPECT_THAT(names, Not(Contains("old.example.net")));
    EXPECT_EQ(server_names(listening("0.0.0.0:8443"), names), names) << "no name comes twice";
}

TEST(AddressForOthers, IsTheFirstConfiguredNameElseWhatItIsCalledElseTheMachines) {
    ApiContext context;
    context.self = {.names = {}, .host_name = "box", .people_port = 8443};
    const auto told = [&context](const std::string& host) {
        HttpRequest request;
        if (!host.empty()) {
            request.headers["host"] = host;
        }
        return address_for_others(context, request);
    };
    EXPECT_EQ(told("monitor.example.net:9443"), "https://monitor.example.net:9443");
    EXPECT_EQ(told("[2001:db8::7]:8443"), "https://[2001:db8::7]:8443");
    for (const char* useless :
         {"localhost:8443", "127.0.0.1:8443", "[::1]:8443", "", "a b", "x/y"}) {
        EXPECT_EQ(told(useless), "https://box:8443") << useless;
    }
    context.self.names = {"2001:db8::1", "muster.example.net"};
    EXPECT_EQ(told("monitor.example.net:9443"), "https://[2001:db8::1]:8443");
}

TEST(AddressForOthers, IsOutOfReachWhereADoorListensOnLoopback) {
    EXPECT_EQ(why_out_of_reach("[::]:8443", "0.0.0.0:8444"), "");
    EXPECT_EQ(why_out_of_reach("192.0.2.1:8443", "monitor.example.net:8444"), "");
    EXPECT_THAT(
        why_out_of_reach("127.0.0.1:8443", "[::1]:8444"),
        HasSubstr("no other machine can reach this collector: it listens on 127.0.0.1:8443 and "
                  "[::1]:8444 alone")
    );
    EXPECT_THAT(why_out_of_reach("localhost:8443", "[::]:8444"), HasSubstr("people and enrolment"));
    EXPECT_THAT(why_out_of_reach("[::]:8443", "127.0.0.2:8444"), HasSubstr("alone for agents"));
}

}  // namespace
}  // namespace muster::collector
