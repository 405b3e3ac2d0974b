#include "base/base64.hpp"
#include "collector/notify/smtp_dialogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::collector {
namespace {

using Kind = SmtpAction::Kind;
using Outcome = SmtpResult::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

SmtpMail mail_to(std::vector<std::string> to) {
    return {"muster@here", std::move(to), "head\r\n\r\n.eight\r\n", "head\r\n\r\n.quoted\r\n"};
}

SmtpDialogue plain(std::vector<std::string> to = {"ops@there"}) {
    return SmtpDialogue({"here", config::MailTls::none, {}, {}}, mail_to(std::move(to)));
}

/// Says the lines one after the other and gives what is to be done after the last.
SmtpAction say(SmtpDialogue& dialogue, const std::vector<std::string>& lines) {
    SmtpAction action;
    for (const std::string& line : lines) {
        action = dialogue.line(line);
    }
    return action;
}

TEST(SmtpDialogue, SendsAMailToAPlainServer) {
    SmtpDialogue dialogue = plain();
    EXPECT_EQ(dialogue.line("220 there").bytes, "EHLO here\r\n");
    EXPECT_EQ(dialogue.line("250-there").kind, Kind::read);
    EXPECT_EQ(dialogue.line("250 SIZE 1000").bytes, "MAIL FROM:<muster@here>\r\n");
    EXPECT_EQ(dialogue.line("250 ok").bytes, "RCPT TO:<ops@there>\r\n");
    EXPECT_EQ(dialogue.line("250 ok").bytes, "DATA\r\n");
    EXPECT_EQ(dialogue.line("354 go").bytes, "head\r\n\r\n..quoted\r\n.\r\n");
    EXPECT_EQ(dialogue.line("250 queued as 7").kind, Kind::finish);
    EXPECT_EQ(dialogue.result().outcome, Outcome::accepted);
    EXPECT_EQ(dialogue.result().detail, "250 queued as 7");
    EXPECT_THAT(dialogue.result().delivered, ElementsAre("ops@there"));
}

TEST(SmtpDialogue, SendsEightBitsWhereTheyAreWelcome) {
    SmtpDialogue dialogue = plain();
    EXPECT_EQ(
        say(dialogue, {"220 there", "250-there", "250 8bitmime"}).bytes,
        "MAIL FROM:<muster@here> BODY=8BITMIME\r\n"
    );
    EXPECT_THAT(say(dialogue, {"250 ok", "250 ok", "354 go"}).bytes, HasSubstr("..eight"));
}

TEST(SmtpDialogue, SaysNothingBeforeTlsAndForgetsWhatWasOfferedBefore) {
    SmtpDialogue dialogue(
        {"here", config::MailTls::starttls, "me", Secret("pass")}, mail_to({"ops@there"})
    );
    EXPECT_EQ(
        say(dialogue, {"220 there", "250-there", "250-AUTH PLAIN", "250 STARTTLS"}).bytes,
        "STARTTLS\r\n"
    );
    EXPECT_EQ(dialogue.line("220 go ahead").kind, Kind::start_tls);
    EXPECT_EQ(dialogue.encrypted().bytes, "EHLO here\r\n");
    EXPECT_EQ(dialogue.line("250 there").kind, Kind::finish);
    EXPECT_THAT(dialogue.result().detail, HasSubstr("neither AUTH PLAIN nor AUTH LOGIN"));
}

TEST(SmtpDialogue, RefusesAServerWithoutTls) {
    SmtpDialogue dialogue({"here", config::MailTls::starttls, {}, {}}, mail_to({"ops@there"}));
    EXPECT_EQ(say(dialogue, {"220 there", "250 there"}).kind, Kind::finish);
    EXPECT_EQ(dialogue.result().outcome, Outcome::retry);
    EXPECT_THAT(dialogue.result().detail, HasSubstr("STARTTLS"));
}

TEST(SmtpDialogue, SignsInByPlainAndByLogin) {
    SmtpDialogue first(
        {"here", config::MailTls::none, "me", Secret("pass")}, mail_to({"ops@there"})
    );
    EXPECT_EQ(
        say(first, {"220 there", "250-there", "250 AUTH LOGIN PLAIN"}).bytes,
        "AUTH PLAIN " + to_base64(std::string("\0me\0pass", 8)) + "\r\n"
    );
    EXPECT_EQ(first.line("235 welcome").bytes, "MAIL FROM:<muster@here>\r\n");
    SmtpDialogue second(
        {"here", config::MailTls::none, "me", Secret("pass")}, mail_to({"ops@there"})
    );
    EXPECT_EQ(say(second, {"220 there", "250-there", "250 AUTH LOGIN"}).bytes, "AUTH LOGIN\r\n");
    EXPECT_EQ(second.line("334 VXNlcm5hbWU6").bytes, to_base64("me") + "\r\n");
    EXPECT_EQ(second.line("334 UGFzc3dvcmQ6").bytes, to_base64("pass") + "\r\n");
    EXPECT_EQ(second.line("535 no").kind, Kind::finish);
    EXPECT_EQ(second.result().outcome, Outcome::retry);
    EXPECT_EQ(second.result().detail, "AUTH answered 535 no");
}

TEST(SmtpDialogue, RecordsEachRecipientByItself) {
    SmtpDialogue dialogue = plain({"a@there", "b@there"});
    say(dialogue, {"220 there", "250 there", "250 ok"});
    EXPECT_EQ(dialogue.line("550 no such user").bytes, "RCPT TO:<b@there>\r\n");
    say(dialogue, {"250 ok", "354 go", "250 queued"});
    EXPECT_EQ(dialogue.result().outcome, Outcome::accepted);
    EXPECT_THAT(dialogue.result().delivered, ElementsAre("b@there"));
    EXPECT_THAT(dialogue.result().impossible, ElementsAre("a@there: 550 no such user"));
    EXPECT_THAT(dialogue.result().detail, HasSubstr("a@there: 550 no such user"));
}

TEST(SmtpDialogue, ComesBackForARecipientThatWasPutOff) {
    SmtpDialogue dialogue = plain({"a@there", "b@there"});
    say(dialogue, {"220 there", "250 there", "250 ok", "450 grey", "250 ok", "354 go", "250 q"});
    EXPECT_EQ(dialogue.result().outcome, Outcome::retry);
    EXPECT_THAT(dialogue.result().delivered, ElementsAre("b@there"));
    EXPECT_EQ(dialogue.result().detail, "a@there: 450 grey");
}

TEST(SmtpDialogue, TellsAMailThatWillNeverBeTakenFromABadMoment) {
    SmtpDialogue never = plain();
    say(never, {"220 there", "250 there", "250 ok", "250 ok", "354 go", "554 spam"});
    EXPECT_EQ(never.result().outcome, Outcome::refused);
    EXPECT_EQ(never.result().code, 554);
    SmtpDialogue later = plain();
    say(later, {"220 there", "250 there", "250 ok", "250 ok", "354 go", "451 try later"});
    EXPECT_EQ(later.result().outcome, Outcome::retry);
    SmtpDialogue nobody = plain();
    say(nobody, {"220 there", "250 there", "250 ok", "550 unknown"});
    EXPECT_EQ(nobody.result().outcome, Outcome::retry);
    EXPECT_TRUE(nobody.is_over());
}

TEST(SmtpDialogue, GivesUpOnWhatIsNoReply) {
    for (const char* line : {"", "hello", "2", "99 x", "220x", "620 x", "\xff\xff\xff"}) {
        SmtpDialogue dialogue = plain();
        EXPECT_EQ(dialogue.line(line).kind, Kind::finish) << line;
        EXPECT_EQ(dialogue.result().outcome, Outcome::retry);
    }
    SmtpDialogue endless = plain();
    SmtpAction action;
    for (int i = 0; i < 200 && action.kind == Kind::read; ++i) {
        action = endless.line("220-and more");
    }
    EXPECT_EQ(action.kind, Kind::finish);
    SmtpDialogue mixed = plain();
    EXPECT_EQ(say(mixed, {"220-one", "250 other"}).kind, Kind::finish);
}

TEST(SmtpDialogue, LeavesNoDotAloneOnALine) {
    EXPECT_EQ(dot_stuffed(".a\r\nb.\r\n.\r\n"), "..a\r\nb.\r\n..\r\n.\r\n");
}

}  // namespace
}  // namespace muster::collector
