#include "base/crypto.hpp"

#include "base/expect.hpp"
#include "base/sodium.hpp"

#include <sodium.h>

namespace muster {

void start_sodium() {
    static const int started = sodium_init();
    expect(started >= 0, "libsodium could not start");
}

namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::string sha256(std::string_view data) {
    start_sodium();
    std::string digest(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(bytes_of(digest), bytes_of(data), data.size());
    return digest;
}

struct Sha256::Impl {
    crypto_hash_sha256_state state{};
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
    start_sodium();
    crypto_hash_sha256_init(&impl_->state);
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(std::string_view piece) {
    crypto_hash_sha256_update(&impl_->state, bytes_of(piece), piece.size());
}

std::string Sha256::digest() {
    std::string digest(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256_final(&impl_->state, bytes_of(digest));
    return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
    start_sodium();
    std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
    crypto_auth_hmacsha256_update(&state, bytes_of(data), data.size());
    crypto_auth_hmacsha256_final(&state, bytes_of(mac));
    sodium_memzero(&state, sizeof(state));
    return mac;
}

namespace {

constexpr unsigned long long password_passes = 3;
constexpr std::size_t password_memory = 32u << 20;

}  // namespace

Result<std::string> hash_password(std::string_view password) {
    start_sodium();
    std::string hash(crypto_pwhash_STRBYTES, '\0');
    const int code = crypto_pwhash_str_alg(
        hash.data(),
        password.data(),
        password.size(),
        password_passes,
        password_memory,
        crypto_pwhash_ALG_ARGON2ID13
    );
    if (code != 0) {
        return failure(ErrorKind::unavailable, "no memory to hash a password; try again");
    }
    hash.resize(hash.find('\0'));
    return hash;
}

bool verify_password(const std::string& hash, std::string_view password) {
    start_sodium();
    return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

std::string nobodys_password_hash() {
    const std::string salt(22, 'A');
    const std::string hash(43, 'A');
    return "$argon2id$v=19$m=" + std::to_string(password_memory / 1024) +
           ",t=" + std::to_string(password_passes) + ",p=1$" + salt + "$" + hash;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace muster
