#include "base/result.hpp"

#include "base/expect.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace muster {
namespace {

TEST(Error, ReadsFromTheOutsideIn) {
    const Error inner(ErrorKind::io, "cannot write", "segment 3");
    EXPECT_EQ(inner.in("spool").text(), "spool: segment 3: cannot write");
    EXPECT_EQ(Error(ErrorKind::io, "cannot write").text(), "cannot write");
    EXPECT_EQ(inner.in("").text(), "segment 3: cannot write");
}

TEST(Error, TellsAFullDiskFromABrokenOne) {
    EXPECT_EQ(system_failure("write", ENOSPC).value().kind(), ErrorKind::full);
    EXPECT_EQ(system_failure("write", EDQUOT).value().kind(), ErrorKind::full);
    EXPECT_EQ(system_failure("write", EIO).value().kind(), ErrorKind::io);
    EXPECT_EQ(system_failure("write", EIO).value().what(), "write: Input/output error");
}

TEST(Error, KindsHaveTheirOwnText) {
    EXPECT_EQ(to_string(ErrorKind::not_found), "not_found");
    EXPECT_EQ(to_string(ErrorKind::internal), "internal");
}

TEST(ExpectDeathTest, StopsTheProcessAndSaysWhere) {
    EXPECT_DEATH(expect(false, "the sky fell"), "the sky fell.*result_test.cpp");
    expect(true, "nothing happens");
}

}  // namespace
}  // namespace muster
