#include "wire/protobuf_log.hpp"

#include "wire/link.pb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::wire {
namespace {

using testing::IsEmpty;

// A peer may send as many as it likes: a line each would fill the disk behind standard error.
TEST(ProtobufLog, SaysNothingOfItsOwnOnStandardErrorOfWhatIsNoUtf8) {
    proto::Goodbye goodbye;
    const std::string bytes =
        "\x0a\x02\xff\xfe";  // field 1, a string, of two bytes that are no UTF-8
    log_what_protobuf_says();
    testing::internal::CaptureStderr();
    EXPECT_FALSE(goodbye.ParseFromString(bytes));
    EXPECT_THAT(testing::internal::GetCapturedStderr(), IsEmpty());
}

}  // namespace
}  // namespace muster::wire
