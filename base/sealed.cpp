#include "base/sealed.hpp"

#include "base/expect.hpp"
#include "base/sodium.hpp"

#include <sodium.h>

#include <utility>

namespace muster {

namespace {

constexpr std::size_t key_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

Secret make_sealing_key() {
    start_sodium();
    std::string key(key_bytes, '\0');
    crypto_aead_xchacha20poly1305_ietf_keygen(bytes_of(key));
    return Secret(std::move(key));
}

bool is_sealing_key(const Secret& key) {
    return key.reveal().size() == key_bytes;
}

std::string seal(const Secret& key, std::string_view label, std::string_view plain) {
    start_sodium();
    expect(is_sealing_key(key), "a sealing key has 32 bytes");
    std::string sealed(nonce_bytes + plain.size() + tag_bytes, '\0');
    randombytes_buf(sealed.data(), nonce_bytes);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        bytes_of(sealed) + nonce_bytes,
        nullptr,
        bytes_of(plain),
        plain.size(),
        bytes_of(label),
        label.size(),
        nullptr,
        bytes_of(std::string_view(sealed)),
        bytes_of(key.reveal())
    );
    return sealed;
}

Result<Secret> open_sealed(const Secret& key, std::string_view label, std::string_view sealed) {
    start_sodium();
    expect(is_sealing_key(key), "a sealing key has 32 bytes");
    if (sealed.size() < nonce_bytes + tag_bytes) {
        return failure(ErrorKind::corrupt, "too short to be something sealed");
    }
    std::string plain(sealed.size() - nonce_bytes - tag_bytes, '\0');
    const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
        bytes_of(plain),
        nullptr,
        nullptr,
        bytes_of(sealed) + nonce_bytes,
        sealed.size() - nonce_bytes,
        bytes_of(label),
        label.size(),
        bytes_of(sealed),
        bytes_of(key.reveal())
    );
    if (opened != 0) {
        return failure(ErrorKind::corrupt, "sealed under another key, or damaged");
    }
    return Secret(std::move(plain));
}

}  // namespace muster
