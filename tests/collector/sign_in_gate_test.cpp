#include "collector/api/sign_in_gate.hpp"

#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using namespace std::chrono_literals;

struct SignIns : ::testing::Test {
    bool try_it(const std::string& account, const std::string& address) {
        return gate.admit(account, address, now, wait);
    }

    SignInGate gate;
    MonoTime now{1h};
    Duration wait{};
};

TEST_F(SignIns, MakeAnAddressWaitLongerAfterEachWrongPassword) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(try_it("anna", "192.0.2.1"));
    }
    EXPECT_FALSE(try_it("anna", "192.0.2.1"));
    EXPECT_EQ(wait, 1s);
    now += 1s;
    EXPECT_TRUE(try_it("bert", "192.0.2.1")) << "the wait is over, whatever the account";
    EXPECT_FALSE(try_it("bert", "192.0.2.1"));
    EXPECT_EQ(wait, 2s);
    for (int i = 0; i < 20; ++i) {
        now += 1min;
        EXPECT_TRUE(try_it("anna", "192.0.2.1"));
    }
    EXPECT_FALSE(try_it("anna", "192.0.2.1"));
    EXPECT_EQ(wait, 1min) << "never longer";
}

TEST_F(SignIns, CountManyAtOnceAsManyWrongOnes) {
    int admitted = 0;
    for (int i = 0; i < 10'000; ++i) {
        admitted += try_it("anna", "192.0.2.1") ? 1 : 0;
    }
    EXPECT_EQ(admitted, 5);
}

TEST_F(SignIns, LetNobodyWaitMoreThanASecondForWhatOthersDoToTheAccount) {
    int admitted = 0;
    for (int i = 0; i < 1000; ++i) {
        admitted += try_it("anna", "198.51.100." + std::to_string(i)) ? 1 : 0;
    }
    EXPECT_EQ(admitted, 10);
    EXPECT_FALSE(try_it("anna", "192.0.2.1"));
    EXPECT_LE(wait, 1s);
    EXPECT_TRUE(try_it("bert", "192.0.2.1")) << "another account is free";
}

TEST_F(SignIns, KnowWhereSomebodyHasSignedInBefore) {
    ASSERT_TRUE(try_it("anna", "192.0.2.1"));
    gate.succeeded("anna", "192.0.2.1", now);
    for (int i = 0; i < 1000; ++i) {
        try_it("anna", "198.51.100." + std::to_string(i));
    }
    EXPECT_TRUE(try_it("anna", "192.0.2.1"));
}

TEST_F(SignIns, ForgetAnAddressThatGotItRight) {
    for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(try_it("anna", "192.0.2.1"));
    }
    gate.succeeded("anna", "192.0.2.1", now);
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(try_it("anna", "192.0.2.1"));
    }
}

TEST_F(SignIns, ForgetAfterAQuarterOfAnHour) {
    for (int i = 0; i < 6; ++i) {
        try_it("anna", "192.0.2.1");
    }
    now += 15min;
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(try_it("anna", "192.0.2.1"));
    }
}

}  // namespace
}  // namespace muster::collector
