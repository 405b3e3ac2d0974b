#include "agent/identity.hpp"

#include "agent/enrolment.hpp"
#include "base/memory_files.hpp"
#include "tests/agent/faulty_files.hpp"

#include <gtest/gtest.h>

#include <string>

namespace muster::agent {
namespace {

Identity example() {
    return {
        .agent = AgentId(Uuid::named("agent")),
        .name = "poller-1",
        .site = "HQ",
        .link = "collector.example.net:8444",
        .tls =
            {.certificate_chain_pem = "certificate", .private_key_pem = "key", .ca_pem = "authority"
            },
        .next = {},
    };
}

TEST(AgentIdentity, IsReadBackAsItWasSaved) {
    MemoryFiles files;
    ASSERT_TRUE(save_identity(files, "/data", example()));
    EXPECT_EQ(has_identity(files, "/data"), Result<bool>(true));
    const auto back = load_identity(files, "/data");
    ASSERT_TRUE(back);
    EXPECT_EQ(back->agent, example().agent);
    EXPECT_EQ(back->name, "poller-1");
    EXPECT_EQ(back->site, "HQ");
    EXPECT_EQ(back->link, "collector.example.net:8444");
    EXPECT_EQ(back->tls.certificate_chain_pem, "certificate");
    EXPECT_EQ(back->tls.private_key_pem, "key");
    EXPECT_EQ(back->tls.ca_pem, "authority");
}

TEST(AgentIdentity, RemembersWhereItEnrolled) {
    MemoryFiles files;
    Identity identity = example();
    identity.people_port = 443;
    ASSERT_TRUE(save_identity(files, "/data", identity));
    EXPECT_EQ(load_identity(files, "/data")->people_port, 443);
    // As an earlier release has written it.
    ASSERT_TRUE(write_file_atomically(
        files,
        "/data/identity/agent.json",
        R"({"agent_id":")" + identity.agent.text() + R"(","name":"","site":"","link":"c:8444"})"
    ));
    EXPECT_EQ(load_identity(files, "/data")->people_port, 8443);
}

TEST(AgentIdentity, HasOneKeyForSecretsOfThisMachine) {
    MemoryFiles files;
    ASSERT_TRUE(save_identity(files, "/data", example()));
    const auto key = sealing_key(files, "/data");
    ASSERT_TRUE(key) << key.error().text();
    EXPECT_EQ(sealing_key(files, "/data")->reveal(), key->reveal());
    ASSERT_TRUE(write_file_atomically(files, "/data/identity/seal.key", "half"));
    EXPECT_EQ(sealing_key(files, "/data")->reveal().size(), key->reveal().size());
}

/// Or a power cut takes the whole folder, after the token has been used.
TEST(AgentIdentity, IsDurableWithItsFolder) {
    FaultyFiles files;
    ASSERT_TRUE(files.memory.create_directories("/data"));
    ASSERT_TRUE(save_identity(files, "/data", example()));
    EXPECT_TRUE(files.disk.unsynced_folders.empty());
}

TEST(AgentIdentity, IsNoneUntilItsLastFileIsWritten) {
    MemoryFiles files;
    ASSERT_TRUE(save_identity(files, "/data", example()));
    ASSERT_TRUE(files.remove("/data/identity/agent.json"));
    EXPECT_EQ(has_identity(files, "/data"), Result<bool>(false));
    const auto none = load_identity(files, "/data");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind(), ErrorKind::not_found);
    EXPECT_NE(none.error().text().find("muster-agent enrol"), std::string::npos)
        << "it says what to do";
}

TEST(AgentIdentity, IsRefusedWhereItsFileIsBroken) {
    MemoryFiles files;
    ASSERT_TRUE(save_identity(files, "/data", example()));
    ASSERT_TRUE(write_file_atomically(files, "/data/identity/agent.json", "{\"agent_id\": \"x\"}"));
    EXPECT_EQ(load_identity(files, "/data").error().kind(), ErrorKind::corrupt);
}

TEST(JoinToken, CarriesThePinOfTheAuthority) {
    const std::string pin(64, 'a');
    EXPECT_EQ(pin_of_token("jt1.id.secret." + pin), pin);
    const std::string wrong[] = {
        "",
        "jt1",
        "jt1.id.secret",
        "jt1.id.secret.",
        "jt2.id.secret." + pin,
        "jt1.id.secret." + pin + "a",
        "jt1.id.secret." + std::string(64, 'X'),
        "jt1.id.secret." + pin + ".more",
    };
    for (const std::string& token : wrong) {
        EXPECT_FALSE(pin_of_token(token)) << token;
    }
}

}  // namespace
}  // namespace muster::agent
