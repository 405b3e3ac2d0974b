#include "tests/support/sim_vfs.hpp"

#include "base/expect.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::test {

namespace {

constexpr std::size_t sector = 512;
constexpr std::uint64_t never = ~std::uint64_t{0};

/// One change that is in sight and not on the disk.
struct Change {
    std::uint64_t at = 0;
    std::string bytes;
    bool is_cut = false;  ///< the file ends at `at`
};

void make_change(std::string& content, const Change& change) {
    if (change.is_cut) {
        content.resize(change.at, '\0');
        return;
    }
    content.resize(std::max<std::size_t>(content.size(), change.at + change.bytes.size()), '\0');
    content.replace(change.at, change.bytes.size(), change.bytes);
}

/// What is known of one path.
struct Image {
    std::string folder;
    std::string durable;
    std::vector<Change> unsynced;
    std::uint64_t size = 0;  ///< in sight
    int opened = 0;
    bool is_removed = false;  ///< by SQLite, and the folder was not synced since
};

std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::uint64_t size_of(const std::string& path) {
    std::error_code problem;
    const auto size = std::filesystem::file_size(path, problem);
    return problem ? 0 : size;
}

enum class Call { open_new, open, write, truncate, sync, remove, grow_shared, read };

bool can_hit(DiskFault fault, Call call) {
    switch (fault) {
        case DiskFault::io:
            return call != Call::read;
        case DiskFault::full:
            return call == Call::write || call == Call::open_new || call == Call::grow_shared;
        case DiskFault::short_write:
            return call == Call::write;
        case DiskFault::sync:
            return call == Call::sync;
        case DiskFault::read:
            return call == Call::read;
    }
    return false;
}

}  // namespace

struct SimVfs::Impl {
    sqlite3_vfs own{};
    sqlite3_vfs* real = nullptr;
    mutable std::mutex mutex;
    std::mt19937_64 random;
    std::map<std::string, Image> images;
    std::optional<DiskFault> fault;
    std::uint64_t fault_in = 0;  ///< so many calls that it can hit, this one included
    std::uint64_t fault_times = 0;
    bool has_failed = false;
    std::uint64_t failures = 0;
    std::optional<std::uint64_t> room;
    std::uint64_t operations = 0;
    std::uint64_t syncs = 0;
    std::uint64_t reads = 0;
    std::uint64_t call_at_read = 0;
    std::function<void()> at_read;
    std::uint64_t cut_at_operation = never;
    std::uint64_t cut_at_sync = never;
    std::atomic<bool> is_on = true;
    int last_errno = 0;

    bool fails(Call call);
    bool passes(Call call);

    void sync_folder(const std::string& folder);

    bool one_in(std::uint64_t n) { return random() % n == 0; }

    std::string survived(const Image& image);
    Change torn(const Change& change);
};

/// True: the call is answered by the fault.
bool SimVfs::Impl::fails(Call call) {
    if (!fault || fault_times == 0 || !can_hit(*fault, call) || (fault_in > 0 && --fault_in > 0)) {
        return false;
    }
    --fault_times;
    has_failed = true;
    ++failures;
    const bool is_full = *fault == DiskFault::full || *fault == DiskFault::short_write;
    last_errno = is_full ? ENOSPC : EIO;
    return true;
}

/// What was removed from it stays so.
void SimVfs::Impl::sync_folder(const std::string& folder) {
    std::erase_if(images, [&folder](const auto& one) {
        return one.second.is_removed && one.second.opened == 0 && one.second.folder == folder;
    });
}

/// Counts a call that changes the disk; false: the power is gone.
bool SimVfs::Impl::passes(Call call) {
    ++operations;
    syncs += call == Call::sync ? 1U : 0U;
    if (operations >= cut_at_operation || syncs >= cut_at_sync) {
        is_on = false;
    }
    return is_on;
}

Change SimVfs::Impl::torn(const Change& change) {
    Change part = change;
    const std::uint64_t sectors = (change.bytes.size() + sector - 1) / sector;
    if (change.is_cut || sectors < 2) {
        return part;
    }
    const std::uint64_t kept = random() % sectors;
    if (one_in(2)) {
        part.bytes.resize(kept * sector);
    } else {
        part.at += kept * sector;
        part.bytes.erase(0, kept * sector);
    }
    return part;
}

/// Of some cuts nothing unsynced is left, of some everything, of most some of it.
std::string SimVfs::Impl::survived(const Image& image) {
    std::string content = image.durable;
    const std::uint64_t how = random() % 8;
    for (const Change& change : image.unsynced) {
        const bool is_kept = how == 0 ? false : how == 1 ? true : one_in(2);
        if (is_kept) {
            make_change(content, how > 1 && one_in(3) ? torn(change) : change);
        }
    }
    return content;
}

namespace {

/// SQLite gives the memory for this and, behind it, for the system's file.
struct SimFile {
    sqlite3_file base;
    SimVfs::Impl* disk;
    Image* image;  // null: a temporary file without a name
    bool
        syncs_folder;  // with its first sync, as the system's VFS does for journals that it may have made
    sqlite3_file* real;
};

constexpr std::size_t own_bytes = (sizeof(SimFile) + alignof(std::max_align_t) - 1) /
                                  alignof(std::max_align_t) * alignof(std::max_align_t);

SimFile& sim(sqlite3_file* file) {
    return *reinterpret_cast<SimFile*>(file);
}

int close(sqlite3_file* file) {
    SimFile& own = sim(file);
    const std::lock_guard lock(own.disk->mutex);
    if (own.image != nullptr) {
        --own.image->opened;
    }
    return own.real->pMethods->xClose(own.real);
}

int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    SimFile& own = sim(file);
    std::function<void()> then;
    {
        const std::lock_guard lock(own.disk->mutex);
        if (!own.disk->is_on || own.disk->fails(Call::read)) {
            return SQLITE_IOERR_READ;
        }
        if (++own.disk->reads == own.disk->call_at_read) {
            then = std::exchange(own.disk->at_read, {});
        }
    }
    if (then) {
        then();
    }
    return own.real->pMethods->xRead(own.real, to, size, at);
}

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    SimFile& own = sim(file);
    SimVfs::Impl& disk = *own.disk;
    const std::lock_guard lock(disk.mutex);
    if (!disk.passes(Call::write)) {
        return SQLITE_IOERR_WRITE;
    }
    if (own.image == nullptr) {
        return own.real->pMethods->xWrite(own.real, from, size, at);
    }
    int answer = SQLITE_OK;
    int written = size;
    if (disk.fails(Call::write)) {
        answer = disk.last_errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        written = disk.fault == DiskFault::short_write ? size / 2 : 0;
    }
    const auto begin = static_cast<std::uint64_t>(at);
    const std::uint64_t end = begin + static_cast<std::uint64_t>(written);
    const std::uint64_t growth = end > own.image->size ? end - own.image->size : 0;
    if (disk.room && growth > *disk.room) {
        ++disk.failures;
        disk.last_errno = ENOSPC;
        return SQLITE_FULL;
    }
    if (disk.room) {
        *disk.room -= growth;
    }
    if (written > 0) {
        const int done = own.real->pMethods->xWrite(own.real, from, written, at);
        expect(done == SQLITE_OK, "the system's disk takes what the simulated one takes");
        own.image->unsynced.push_back(
            {.at = begin,
             .bytes = std::string(static_cast<const char*>(from), static_cast<std::size_t>(written))
            }
        );
        own.image->size = std::max(own.image->size, end);
    }
    return answer;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
    SimFile& own = sim(file);
    SimVfs::Impl& disk = *own.disk;
    const std::lock_guard lock(disk.mutex);
    if (!disk.passes(Call::truncate) || disk.fails(Call::truncate)) {
        return SQLITE_IOERR_TRUNCATE;
    }
    if (own.image != nullptr) {
        const auto end = static_cast<std::uint64_t>(size);
        if (disk.room && end < own.image->size) {
            *disk.room += own.image->size - end;
        }
        own.image->unsynced.push_back({.at = end, .bytes = {}, .is_cut = true});
        own.image->size = end;
    }
    return own.real->pMethods->xTruncate(own.real, size);
}

int sync(sqlite3_file* file, int /*flags*/) {
    SimFile& own = sim(file);
    SimVfs::Impl& disk = *own.disk;
    const std::lock_guard lock(disk.mutex);
    if (!disk.passes(Call::sync)) {
        return SQLITE_IOERR_FSYNC;
    }
    if (own.image == nullptr) {
        return SQLITE_OK;
    }
    if (disk.fails(Call::sync)) {
        // As Linux does: the pages are clean from then on, and still not on the disk.
        if (disk.fault == DiskFault::sync) {
            own.image->unsynced.clear();
        }
        return SQLITE_IOERR_FSYNC;
    }
    for (const Change& change : own.image->unsynced) {
        make_change(own.image->durable, change);
    }
    own.image->unsynced.clear();
    if (std::exchange(own.syncs_folder, false)) {
        disk.sync_folder(own.image->folder);
    }
    return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    SimFile& own = sim(file);
    return own.disk->is_on ? own.real->pMethods->xFileSize(own.real, size) : SQLITE_IOERR_FSTAT;
}

int lock(sqlite3_file* file, int how) {
    SimFile& own = sim(file);
    return own.disk->is_on ? own.real->pMethods->xLock(own.real, how) : SQLITE_IOERR_LOCK;
}

int unlock(sqlite3_file* file, int how) {
    return sim(file).real->pMethods->xUnlock(sim(file).real, how);
}

int check_reserved(sqlite3_file* file, int* is_reserved) {
    return sim(file).real->pMethods->xCheckReservedLock(sim(file).real, is_reserved);
}

int control(sqlite3_file* file, int what, void* with) {
    // It would grow the file behind our back.
    return what == SQLITE_FCNTL_SIZE_HINT
               ? SQLITE_OK
               : sim(file).real->pMethods->xFileControl(sim(file).real, what, with);
}

int sector_size(sqlite3_file* file) {
    return sim(file).real->pMethods->xSectorSize(sim(file).real);
}

int characteristics(sqlite3_file* file) {
    return sim(file).real->pMethods->xDeviceCharacteristics(sim(file).real);
}

int map_shared(sqlite3_file* file, int region, int size, int extend, volatile void** memory) {
    SimFile& own = sim(file);
    {
        const std::lock_guard lock(own.disk->mutex);
        if (!own.disk->is_on) {
            return SQLITE_IOERR_SHMMAP;
        }
        if (extend != 0 && own.disk->fails(Call::grow_shared)) {
            return SQLITE_IOERR_SHMSIZE;
        }
    }
    return own.real->pMethods->xShmMap(own.real, region, size, extend, memory);
}

int lock_shared(sqlite3_file* file, int first, int count, int how) {
    return sim(file).real->pMethods->xShmLock(sim(file).real, first, count, how);
}

void order_shared(sqlite3_file* file) {
    sim(file).real->pMethods->xShmBarrier(sim(file).real);
}

int unmap_shared(sqlite3_file* file, int remove) {
    return sim(file).real->pMethods->xShmUnmap(sim(file).real, remove);
}

constexpr sqlite3_io_methods methods{
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shared,
    .xShmLock = lock_shared,
    .xShmBarrier = order_shared,
    .xShmUnmap = unmap_shared,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

SimVfs::Impl& disk_of(sqlite3_vfs* vfs) {
    return *static_cast<SimVfs::Impl*>(vfs->pAppData);
}

/// What is known of `path`, anew where somebody else has put another file there.
Image& image_of(SimVfs::Impl& disk, const std::string& path, bool is_there) {
    Image& image = disk.images[path];
    if (image.opened == 0 && (!is_there || size_of(path) != image.size)) {
        image = {};
        image.durable = is_there ? content_of(path) : std::string();
        image.size = image.durable.size();
    }
    image.folder = path.substr(0, path.rfind('/'));
    image.is_removed = false;
    return image;
}

constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* did) {
    SimVfs::Impl& disk = disk_of(vfs);
    const std::lock_guard lock(disk.mutex);
    file->pMethods = nullptr;
    const bool is_there = name != nullptr && std::filesystem::exists(name);
    if (!disk.is_on || (name != nullptr && disk.fails(is_there ? Call::open : Call::open_new))) {
        return SQLITE_CANTOPEN;
    }
    SimFile& own = *new (file) SimFile{
        .base = {.pMethods = nullptr},
        .disk = &disk,
        .image = name != nullptr ? &image_of(disk, name, is_there) : nullptr,
        .syncs_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & journals) != 0,
        .real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + own_bytes)
    };
    const int opened = disk.real->xOpen(disk.real, name, own.real, flags, did);
    if (opened == SQLITE_OK) {
        own.base.pMethods = &methods;
        if (own.image != nullptr) {
            ++own.image->opened;
        }
    }
    return opened;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    SimVfs::Impl& disk = disk_of(vfs);
    const std::lock_guard lock(disk.mutex);
    if (!disk.passes(Call::remove) || disk.fails(Call::remove)) {
        return SQLITE_IOERR_DELETE;
    }
    const int removed = disk.real->xDelete(disk.real, name, 0);
    if (const auto found = disk.images.find(name);
        removed == SQLITE_OK && found != disk.images.end()) {
        found->second.is_removed = true;
        if (sync_folder != 0) {
            disk.sync_folder(found->second.folder);
        }
    }
    return removed;
}

int access(sqlite3_vfs* vfs, const char* name, int how, int* answer) {
    SimVfs::Impl& disk = disk_of(vfs);
    return disk.is_on ? disk.real->xAccess(disk.real, name, how, answer) : SQLITE_IOERR_ACCESS;
}

int last_error(sqlite3_vfs* vfs, int /*size*/, char* /*text*/) {
    return disk_of(vfs).last_errno;
}

}  // namespace

SimVfs::SimVfs(std::uint64_t seed) : impl_(std::make_unique<Impl>()) {
    impl_->random.seed(seed);
    impl_->real = sqlite3_vfs_find(nullptr);
    expect(impl_->real != nullptr, "SQLite knows the system's files");
    impl_->own = *impl_->real;
    impl_->own.zName = "sim";
    impl_->own.pNext = nullptr;
    impl_->own.pAppData = impl_.get();
    impl_->own.szOsFile = static_cast<int>(own_bytes) + impl_->real->szOsFile;
    impl_->own.xOpen = open;
    impl_->own.xDelete = remove;
    impl_->own.xAccess = access;
    impl_->own.xGetLastError = last_error;
    expect(sqlite3_vfs_register(&impl_->own, 1) == SQLITE_OK, "SQLite takes another disk");
}

SimVfs::~SimVfs() {
    sqlite3_vfs_unregister(&impl_->own);
    sqlite3_vfs_register(impl_->real, 1);
}

void SimVfs::reseed(std::uint64_t seed) {
    const std::lock_guard lock(impl_->mutex);
    impl_->random.seed(seed);
}

void SimVfs::fail_at(DiskFault fault, std::uint64_t nth, std::uint64_t times) {
    const std::lock_guard lock(impl_->mutex);
    impl_->fault = fault;
    impl_->fault_in = nth;
    impl_->fault_times = times;
    impl_->has_failed = false;
}

void SimVfs::heal() {
    const std::lock_guard lock(impl_->mutex);
    impl_->fault.reset();
    impl_->room.reset();
    impl_->cut_at_operation = never;
    impl_->cut_at_sync = never;
}

bool SimVfs::has_failed() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->has_failed;
}

std::uint64_t SimVfs::failures() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->failures;
}

void SimVfs::set_room(std::optional<std::uint64_t> bytes) {
    const std::lock_guard lock(impl_->mutex);
    impl_->room = bytes;
}

std::uint64_t SimVfs::operations() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->operations;
}

std::uint64_t SimVfs::syncs() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->syncs;
}

void SimVfs::cut_before_operation(std::uint64_t nth) {
    const std::lock_guard lock(impl_->mutex);
    impl_->cut_at_operation = impl_->operations + nth;
}

void SimVfs::cut_before_sync(std::uint64_t nth) {
    const std::lock_guard lock(impl_->mutex);
    impl_->cut_at_sync = impl_->syncs + nth;
}

void SimVfs::cut() {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_on = false;
}

bool SimVfs::is_on() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->is_on;
}

void SimVfs::power_on() {
    const std::lock_guard lock(impl_->mutex);
    Impl& own = *impl_;
    for (auto& [path, image] : own.images) {
        expect(image.opened == 0, "a power cut ends the process: " + path + " is still open");
        const bool is_there = image.is_removed ? own.one_in(2) : std::filesystem::exists(path);
        if (is_there) {
            std::ofstream(path, std::ios::binary | std::ios::trunc) << own.survived(image);
        }
        std::filesystem::remove(path + "-shm");
    }
    own.images.clear();
    own.fault.reset();
    own.room.reset();
    own.cut_at_operation = never;
    own.cut_at_sync = never;
    own.is_on = true;
}

void SimVfs::restart_process() {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [path, image] : impl_->images) {
        expect(image.opened == 0, "a killed process has no files: " + path + " is still open");
    }
    impl_->is_on = true;
}

void SimVfs::before_read(std::uint64_t nth, std::function<void()> then) {
    const std::lock_guard lock(impl_->mutex);
    impl_->call_at_read = impl_->reads + nth;
    impl_->at_read = std::move(then);
}

std::uint64_t SimVfs::reads() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->reads;
}

void SimVfs::settle() {
    const std::lock_guard lock(impl_->mutex);
    std::erase_if(impl_->images, [](const auto& one) { return one.second.opened == 0; });
    for (auto& [path, image] : impl_->images) {
        for (const Change& change : image.unsynced) {
            make_change(image.durable, change);
        }
        image.unsynced.clear();
    }
}

void SimVfs::flip(const std::string& path, std::uint64_t byte, int bit) {
    const std::lock_guard lock(impl_->mutex);
    std::string content = content_of(path);
    expect(byte < content.size(), "a bit of the file");
    content[byte] = static_cast<char>(content[byte] ^ (1 << bit));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    impl_->images.erase(path);
}

}  // namespace muster::test
