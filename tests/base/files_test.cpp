#include "base/files.hpp"

#include "base/memory_files.hpp"
#include "base/secret.hpp"
#include "tests/base/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace muster {
namespace {

/// Both file systems keep one contract; `root` is a folder that exists.
struct Place {
    std::unique_ptr<Files> files;
    std::string root;
};

class FilesContract : public testing::TestWithParam<std::string> {
  protected:
    FilesContract() {
        if (GetParam() == "memory") {
            place_ = {.files = std::make_unique<MemoryFiles>(), .root = "/root"};
            EXPECT_TRUE(place_.files->create_directories("/root"));
        } else {
            place_ = {.files = std::make_unique<RealFiles>(), .root = folder_.path()};
        }
    }

    Files& files() { return *place_.files; }

    std::string at(const std::string& name) const { return place_.root + "/" + name; }

    void put(const std::string& name, std::string_view text) {
        auto file = files().open(at(name), OpenMode::append);
        ASSERT_TRUE(file) << file.error().text();
        ASSERT_TRUE((*file)->append(text));
        ASSERT_TRUE((*file)->sync());
    }

    std::string get(const std::string& name) {
        auto text = read_file(files(), at(name), 1 << 20);
        return text ? *text : text.error().text();
    }

  private:
    TemporaryFolder folder_;
    Place place_;
};

TEST_P(FilesContract, AppendCreatesAndGoesOn) {
    put("a", "one");
    put("a", "two");
    EXPECT_EQ(get("a"), "onetwo");
}

TEST_P(FilesContract, CreateNewRefusesWhatExists) {
    put("a", "one");
    const auto again = files().open(at("a"), OpenMode::create_new);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind(), ErrorKind::conflict);
    EXPECT_TRUE(files().open(at("b"), OpenMode::create_new));
}

TEST_P(FilesContract, MissingFilesAndFoldersAreNotFound) {
    EXPECT_EQ(files().open(at("a"), OpenMode::read).error().kind(), ErrorKind::not_found);
    EXPECT_EQ(files().open(at("x/a"), OpenMode::append).error().kind(), ErrorKind::not_found);
    EXPECT_EQ(files().list(at("x")).error().kind(), ErrorKind::not_found);
    EXPECT_EQ(files().rename(at("a"), at("b")).error().kind(), ErrorKind::not_found);
    EXPECT_FALSE(files().sync_directory(at("x")));
    EXPECT_TRUE(files().remove(at("a"))) << "removing what is not there is not an error";
    EXPECT_TRUE(files().remove_directory(at("x")));
}

TEST_P(FilesContract, ReadsFromTheMiddleAndStopsAtTheEnd) {
    put("a", "0123456789");
    auto file = files().open(at("a"), OpenMode::read);
    ASSERT_TRUE(file);
    EXPECT_EQ((*file)->read(4, 3), "456");
    EXPECT_EQ((*file)->read(8, 100), "89");
    EXPECT_EQ((*file)->read(10, 1), "");
    EXPECT_EQ((*file)->read(1000, 1), "");
    EXPECT_FALSE((*file)->append("x"));
    EXPECT_FALSE((*file)->truncate(0));
}

TEST_P(FilesContract, TruncatedFilesAppendAtTheNewEnd) {
    put("a", "0123456789");
    auto file = files().open(at("a"), OpenMode::append);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->truncate(3));
    ASSERT_TRUE((*file)->append("x"));
    EXPECT_EQ((*file)->size(), 4U);
    EXPECT_EQ(get("a"), "012x");
}

TEST_P(FilesContract, FoldersAreMadeListedAndRemoved) {
    ASSERT_TRUE(files().create_directories(at("x/y/z")));
    ASSERT_TRUE(files().create_directories(at("x/y/z"))) << "twice is once";
    put("x/b", "");
    put("x/a", "");
    const std::vector<std::string> names{"a", "b", "y"};
    EXPECT_EQ(files().list(at("x")), names);
    EXPECT_TRUE(files().exists(at("x/y")));
    EXPECT_FALSE(files().remove_directory(at("x"))) << "not empty";
    EXPECT_FALSE(files().remove(at("x"))) << "a folder is no file";
    EXPECT_TRUE(files().remove_directory(at("x/y/z")));
    EXPECT_FALSE(files().exists(at("x/y/z")));
    EXPECT_FALSE(files().create_directories(at("x/a/b"))) << "a file is in the way";
}

TEST_P(FilesContract, RenameReplacesAndOpenFilesKeepTheirContent) {
    put("a", "new");
    put("b", "old");
    auto old = files().open(at("b"), OpenMode::read);
    ASSERT_TRUE(old);
    ASSERT_TRUE(files().rename(at("a"), at("b")));
    EXPECT_EQ(get("b"), "new");
    EXPECT_FALSE(files().exists(at("a")));
    EXPECT_EQ((*old)->read(0, 10), "old");
}

TEST_P(FilesContract, RemovedFilesStayReadableWhileOpen) {
    put("a", "text");
    auto file = files().open(at("a"), OpenMode::read);
    ASSERT_TRUE(file);
    ASSERT_TRUE(files().remove(at("a")));
    EXPECT_FALSE(files().exists(at("a")));
    EXPECT_EQ((*file)->read(0, 10), "text");
}

TEST_P(FilesContract, AtomicWritesReplaceTheWholeFile) {
    put("a", "a long first version");
    put("a.new", "left behind by a crash");
    ASSERT_TRUE(write_file_atomically(files(), at("a"), "second"));
    EXPECT_EQ(get("a"), "second");
    EXPECT_FALSE(files().exists(at("a.new")));
    EXPECT_FALSE(write_file_atomically(files(), at("missing/a"), "x"));
}

TEST_P(FilesContract, ReadFileRefusesMoreThanItsLimit) {
    put("a", "0123456789");
    EXPECT_EQ(read_file(files(), at("a"), 10), "0123456789");
    const auto refused = read_file(files(), at("a"), 9);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::full);
}

TEST_P(FilesContract, ThereIsFreeSpace) {
    EXPECT_GT(files().free_bytes(at("")).value_or(0), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Both,
    FilesContract,
    testing::Values("memory", "real"),
    [](const auto& chosen) { return chosen.param; }
);

TEST(RealFiles, MakesFilesForTheOwnerAlone) {
    const TemporaryFolder folder;
    RealFiles files;
    ASSERT_TRUE(files.create_directories(folder.file("state/deep")));
    ASSERT_TRUE(write_file_atomically(files, folder.file("state/key"), "secret"));
    struct stat info{};
    ASSERT_EQ(stat(folder.file("state/key").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    ASSERT_EQ(stat(folder.file("state/deep").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

/// Root's rights stand aside until the end of the block.
class AsNobody {
  public:
    AsNobody() { EXPECT_EQ(seteuid(nobody), 0); }

    ~AsNobody() { EXPECT_EQ(seteuid(0), 0); }

    AsNobody(const AsNobody&) = delete;
    AsNobody& operator=(const AsNobody&) = delete;

    static constexpr uid_t nobody = 65534;
};

uid_t owner_of(const std::string& path) {
    struct stat info{};
    return lstat(path.c_str(), &info) == 0 ? info.st_uid : static_cast<uid_t>(-1);
}

TEST(RealFiles, OfRootBelongToTheOwnerOfTheirFolder) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const TemporaryFolder folder;
    RealFiles files;
    ASSERT_TRUE(files.create_directories(folder.file("theirs")));
    ASSERT_EQ(chown(folder.file("theirs").c_str(), AsNobody::nobody, AsNobody::nobody), 0);
    ASSERT_TRUE(files.create_directories(folder.file("theirs/state/deep")));
    ASSERT_TRUE(write_file_atomically(files, folder.file("theirs/state/deep/key"), "secret"));
    for (const char* made : {"theirs/state", "theirs/state/deep", "theirs/state/deep/key"}) {
        EXPECT_EQ(owner_of(folder.file(made)), AsNobody::nobody) << made;
    }
    ASSERT_TRUE(write_file_atomically(files, folder.file("own"), "root's"));
    EXPECT_EQ(owner_of(folder.file("own")), 0U);
}

TEST(RealFiles, OfRootThatWereThereKeepTheirOwner) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const TemporaryFolder folder;
    RealFiles files;
    ASSERT_TRUE(write_file_atomically(files, folder.file("own"), "root's"));
    ASSERT_TRUE(files.create_directories(folder.file("theirs")));
    ASSERT_EQ(chown(folder.file("theirs").c_str(), AsNobody::nobody, AsNobody::nobody), 0);
    ASSERT_EQ(symlink(folder.file("own").c_str(), folder.file("theirs/link").c_str()), 0);
    ASSERT_TRUE(files.open(folder.file("theirs/link"), OpenMode::append));
    EXPECT_EQ(owner_of(folder.file("own")), 0U) << "or a link would give anything away";
}

TEST(RealFiles, SayWhoseTheyAreWhereTheyMayNotBeRead) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    const TemporaryFolder folder;
    ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
    RealFiles files;
    ASSERT_TRUE(files.create_directories(folder.file("shut")));
    ASSERT_TRUE(write_file_atomically(files, folder.file("key"), "secret"));
    const AsNobody nobody;
    for (const auto& [path, obstacle] :
         {std::pair{folder.file("key"), folder.file("key (0600)")},
          {folder.file("shut/key"), folder.file("shut (0700)")}}) {
        EXPECT_TRUE(files.exists(path)) << "who may not look cannot say that it is not there";
        const auto opened = files.open(path, OpenMode::read);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind(), ErrorKind::refused);
        EXPECT_THAT(
            opened.error().what(),
            testing::HasSubstr(
                "Permission denied; " + obstacle + " belongs to root, and this runs as nobody"
            )
        );
    }
    EXPECT_FALSE(files.exists(folder.file("nothing")));
}

TEST(RealFiles, ReadWhatTheKernelSaysThoughItsFilesSeemEmpty) {
    RealFiles files;
    const auto stat = read_file(files, "/proc/self/stat", 64U << 10U);
    ASSERT_TRUE(stat) << stat.error().text();
    EXPECT_TRUE(stat->starts_with(std::to_string(::getpid()) + " (")) << *stat;
    const auto some = read_file(files, "/proc/self/stat", 3);
    ASSERT_TRUE(some);
    EXPECT_EQ(some->size(), 3U) << "and no more than was asked for";
    const auto symbols = read_file(files, "/proc/self/smaps", 1U << 20U);
    ASSERT_TRUE(symbols);
    EXPECT_GT(symbols->size(), 16U << 10U) << "in one piece";
}

TEST(RealFiles, WaitsForNoPipeAndReadsNoDevice) {
    const TemporaryFolder folder;
    RealFiles files;
    ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
    for (const auto& [path, kind] :
         {std::pair{folder.file("pipe"), "a named pipe"},
          {std::string("/dev/zero"), "a device"},
          {folder.path(), "a folder"}}) {
        const auto opened = files.open(path, OpenMode::read);
        ASSERT_FALSE(opened) << path;
        EXPECT_EQ(opened.error().kind(), ErrorKind::invalid);
        EXPECT_THAT(opened.error().text(), testing::HasSubstr(path + ": it is " + kind));
    }
    EXPECT_FALSE(read_secret_file(files, folder.file("pipe")));
}

/// T-09, interrupted and short writes: of a regular file no signal interrupts them here, of a pipe that is full each does.
TEST(RealFiles, T09WritesAllThoughSignalsInterruptIt) {
    const TemporaryFolder folder;
    RealFiles files;
    ASSERT_EQ(mkfifo(folder.file("pipe").c_str(), 0600), 0);
    auto pipe = files.open(folder.file("pipe"), OpenMode::append);
    ASSERT_TRUE(pipe) << pipe.error().text();
    static std::atomic<int> interrupted;
    interrupted = 0;
    struct sigaction counting{};
    counting.sa_handler = [](int) { ++interrupted; };  // and no SA_RESTART
    struct sigaction before{};
    ASSERT_EQ(sigaction(SIGUSR1, &counting, &before), 0);
    const std::string text(300'000, 'x');
    std::string arrived;
    std::atomic<bool> is_written = false;
    const pthread_t writer = pthread_self();
    std::thread reader([&] {
        const int end = ::open(folder.file("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        const int capacity = ::fcntl(end, F_GETPIPE_SZ);
        std::string part(16U << 10U, ' ');
        while (arrived.size() < text.size()) {
            int waiting = 0;
            ::ioctl(end, FIONREAD, &waiting);
            const int seen = interrupted;
            while (waiting == capacity && interrupted == seen && !is_written) {
                pthread_kill(writer, SIGUSR1);
                std::this_thread::yield();
            }
            const bool was_written = is_written;
            const ssize_t got = ::read(end, part.data(), part.size());
            arrived += part.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
            if (was_written && got <= 0) {
                break;
            }
        }
        ::close(end);
    });
    const Status written = (*pipe)->append(text);
    is_written = true;
    reader.join();
    ASSERT_EQ(sigaction(SIGUSR1, &before, nullptr), 0);
    EXPECT_TRUE(written) << written.error().text();
    EXPECT_EQ(arrived, text);
    EXPECT_GT(interrupted, 5);
}

TEST(RealFiles, SaysThatTheDiskIsFull) {
    RealFiles files;
    auto file = files.open("/dev/full", OpenMode::append);
    ASSERT_TRUE(file) << file.error().text();
    const auto written = (*file)->append("x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind(), ErrorKind::full);
    EXPECT_EQ(written.error().context(), "/dev/full");
}

}  // namespace
}  // namespace muster
