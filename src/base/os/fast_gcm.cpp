#include "base/os/fast_gcm.hpp"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include "base/assert.hpp"

#if __has_include(<intel-ipsec-mb.h>)
#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#define EM_HAS_IPSEC_MB 1
#else
#define EM_HAS_IPSEC_MB 0
#endif

namespace euromesh::os {
namespace {

#if EM_HAS_IPSEC_MB

constexpr std::size_t key_bytes = 16, iv_bytes = 12, tag_bytes = 16, aad_most_bytes = 64;

// The library's functions are pointers in this; null when it cannot be used.
IMB_MGR* open_manager() {
    void* library = ::dlopen("libIPSec_MB.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return nullptr;
    const auto allocate = reinterpret_cast<decltype(&alloc_mb_mgr)>(::dlsym(library, "alloc_mb_mgr"));
    const auto initialise =
        reinterpret_cast<decltype(&init_mb_mgr_auto)>(::dlsym(library, "init_mb_mgr_auto"));
    if (allocate == nullptr || initialise == nullptr) return nullptr;
    IMB_MGR* made = allocate(0);
    if (made == nullptr) return nullptr;
    IMB_ARCH arch = IMB_ARCH_NONE;
    initialise(made, &arch);
    const bool wide = (made->features & IMB_FEATURE_VAES) != 0 && arch == IMB_ARCH_AVX512;
    return wide ? made : nullptr;
}

IMB_MGR* manager() {
    static IMB_MGR* const opened = open_manager();
    return opened;
}

struct Cipher {
    gcm_key_data key;
    gcm_context_data state;
    std::array<unsigned char, iv_bytes> iv;
    std::array<unsigned char, tag_bytes> tag;
    std::array<unsigned char, aad_most_bytes> aad;
    std::size_t aad_size = 0;
    bool encrypts = true;
    bool has_key = false, has_iv = false, has_tag = false, begun = false;
};

Cipher& of(void* context) {
    return *static_cast<Cipher*>(context);
}

void* new_cipher(void*) {
    void* memory = OPENSSL_zalloc(sizeof(Cipher) + 64);
    if (memory == nullptr) return nullptr;
    // The vector code wants its key aligned; the distance is kept in front.
    auto* const bytes = static_cast<unsigned char*>(memory);
    const std::size_t shift = 64 - reinterpret_cast<std::uintptr_t>(bytes) % 64;
    bytes[shift - 1] = static_cast<unsigned char>(shift);
    return new (bytes + shift) Cipher();
}

void free_cipher(void* context) {
    if (context == nullptr) return;
    auto* const bytes = static_cast<unsigned char*>(context);
    OPENSSL_clear_free(bytes - bytes[-1], sizeof(Cipher) + 64);
}

int set_parameters(void* context, const OSSL_PARAM parameters[]) {
    Cipher& cipher = of(context);
    if (parameters == nullptr) return 1;
    if (const OSSL_PARAM* iv_length = OSSL_PARAM_locate_const(parameters, OSSL_CIPHER_PARAM_AEAD_IVLEN)) {
        std::size_t asked = 0;
        return OSSL_PARAM_get_size_t(iv_length, &asked) == 1 && asked == iv_bytes;
    }
    if (const OSSL_PARAM* tag = OSSL_PARAM_locate_const(parameters, OSSL_CIPHER_PARAM_AEAD_TAG)) {
        if (cipher.encrypts || tag->data_size != tag_bytes || tag->data == nullptr) return 0;
        std::memcpy(cipher.tag.data(), tag->data, tag_bytes);
        cipher.has_tag = true;
    }
    return 1;
}

int begin(void* context, const unsigned char* key, std::size_t key_size, const unsigned char* iv,
          std::size_t iv_size, const OSSL_PARAM parameters[], bool encrypts) {
    Cipher& cipher = of(context);
    cipher.encrypts = encrypts;
    cipher.begun = cipher.has_tag = false;
    cipher.aad_size = 0;
    if (key != nullptr) {
        if (key_size != key_bytes) return 0;
        IMB_AES128_GCM_PRE(manager(), key, &cipher.key);
        cipher.has_key = true;
    }
    if (iv != nullptr) {
        if (iv_size != iv_bytes) return 0;
        std::memcpy(cipher.iv.data(), iv, iv_bytes);
        cipher.has_iv = true;
    }
    return set_parameters(context, parameters);
}

int begin_encryption(void* context, const unsigned char* key, std::size_t key_size, const unsigned char* iv,
                     std::size_t iv_size, const OSSL_PARAM parameters[]) {
    return begin(context, key, key_size, iv, iv_size, parameters, true);
}

int begin_decryption(void* context, const unsigned char* key, std::size_t key_size, const unsigned char* iv,
                     std::size_t iv_size, const OSSL_PARAM parameters[]) {
    return begin(context, key, key_size, iv, iv_size, parameters, false);
}

// An initialisation vector serves one message: used up here, so that none can serve two.
bool begin_text(Cipher& cipher) {
    if (cipher.begun) return true;
    if (!cipher.has_key || !cipher.has_iv) return false;
    IMB_AES128_GCM_INIT(manager(), &cipher.key, &cipher.state, cipher.iv.data(), cipher.aad.data(),
                        cipher.aad_size);
    cipher.begun = true;
    cipher.has_iv = false;
    return true;
}

int update(void* context, unsigned char* out, std::size_t* out_size, std::size_t room,
           const unsigned char* in, std::size_t size) {
    Cipher& cipher = of(context);
    if (out == nullptr) {
        if (cipher.begun || cipher.aad_size + size > aad_most_bytes) return 0;
        std::copy_n(in, size, cipher.aad.begin() + static_cast<std::ptrdiff_t>(cipher.aad_size));
        cipher.aad_size += size;
        *out_size = size;
        return 1;
    }
    if (room < size || !begin_text(cipher)) return 0;
    if (cipher.encrypts)
        IMB_AES128_GCM_ENC_UPDATE(manager(), &cipher.key, &cipher.state, out, in, size);
    else
        IMB_AES128_GCM_DEC_UPDATE(manager(), &cipher.key, &cipher.state, out, in, size);
    *out_size = size;
    return 1;
}

int finish(void* context, unsigned char*, std::size_t* out_size, std::size_t) {
    Cipher& cipher = of(context);
    *out_size = 0;
    if (!begin_text(cipher)) return 0;
    cipher.begun = false;
    if (cipher.encrypts) {
        IMB_AES128_GCM_ENC_FINALIZE(manager(), &cipher.key, &cipher.state, cipher.tag.data(), tag_bytes);
        cipher.has_tag = true;
        return 1;
    }
    std::array<unsigned char, tag_bytes> computed;
    IMB_AES128_GCM_DEC_FINALIZE(manager(), &cipher.key, &cipher.state, computed.data(), tag_bytes);
    return cipher.has_tag && CRYPTO_memcmp(computed.data(), cipher.tag.data(), tag_bytes) == 0;
}

int set_size(OSSL_PARAM parameters[], const char* name, std::size_t value) {
    OSSL_PARAM* found = OSSL_PARAM_locate(parameters, name);
    return found == nullptr || OSSL_PARAM_set_size_t(found, value) == 1;
}

int set_number(OSSL_PARAM parameters[], const char* name, int value) {
    OSSL_PARAM* found = OSSL_PARAM_locate(parameters, name);
    return found == nullptr || OSSL_PARAM_set_int(found, value) == 1;
}

int get_parameters(OSSL_PARAM parameters[]) {
    OSSL_PARAM* mode = OSSL_PARAM_locate(parameters, OSSL_CIPHER_PARAM_MODE);
    return (mode == nullptr || OSSL_PARAM_set_uint(mode, EVP_CIPH_GCM_MODE) == 1) &&
           set_number(parameters, OSSL_CIPHER_PARAM_AEAD, 1) &&
           set_number(parameters, OSSL_CIPHER_PARAM_CUSTOM_IV, 1) &&
           set_size(parameters, OSSL_CIPHER_PARAM_KEYLEN, key_bytes) &&
           set_size(parameters, OSSL_CIPHER_PARAM_BLOCK_SIZE, 1) &&
           set_size(parameters, OSSL_CIPHER_PARAM_IVLEN, iv_bytes);
}

int get_context_parameters(void* context, OSSL_PARAM parameters[]) {
    const Cipher& cipher = of(context);
    if (!set_size(parameters, OSSL_CIPHER_PARAM_KEYLEN, key_bytes) ||
        !set_size(parameters, OSSL_CIPHER_PARAM_IVLEN, iv_bytes) ||
        !set_size(parameters, OSSL_CIPHER_PARAM_AEAD_TAGLEN, tag_bytes)) {
        return 0;
    }
    OSSL_PARAM* tag = OSSL_PARAM_locate(parameters, OSSL_CIPHER_PARAM_AEAD_TAG);
    if (tag == nullptr) return 1;
    if (!cipher.encrypts || !cipher.has_tag || tag->data_size != tag_bytes) return 0;
    return OSSL_PARAM_set_octet_string(tag, cipher.tag.data(), tag_bytes);
}

const OSSL_PARAM* context_parameters(void*, void*) {
    static const OSSL_PARAM known[] = {OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_KEYLEN, nullptr),
                                       OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_IVLEN, nullptr),
                                       OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, nullptr),
                                       OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_TAGLEN, nullptr),
                                       OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, nullptr, 0),
                                       OSSL_PARAM_END};
    return known;
}

template <class Function>
OSSL_DISPATCH entry(int id, Function* function) {
    return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
    static const OSSL_DISPATCH functions[] = {entry(OSSL_FUNC_CIPHER_NEWCTX, new_cipher),
                                              entry(OSSL_FUNC_CIPHER_FREECTX, free_cipher),
                                              entry(OSSL_FUNC_CIPHER_ENCRYPT_INIT, begin_encryption),
                                              entry(OSSL_FUNC_CIPHER_DECRYPT_INIT, begin_decryption),
                                              entry(OSSL_FUNC_CIPHER_UPDATE, update),
                                              entry(OSSL_FUNC_CIPHER_FINAL, finish),
                                              entry(OSSL_FUNC_CIPHER_GET_PARAMS, get_parameters),
                                              entry(OSSL_FUNC_CIPHER_GET_CTX_PARAMS, get_context_parameters),
                                              entry(OSSL_FUNC_CIPHER_SET_CTX_PARAMS, set_parameters),
                                              entry(OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, context_parameters),
                                              entry(OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, context_parameters),
                                              {0, nullptr}};
    static const OSSL_ALGORITHM ciphers[] = {
        {"AES-128-GCM:id-aes128-GCM", "provider=euromesh", functions, "wide vectors"},
        {nullptr, nullptr, nullptr, nullptr}};
    *no_cache = 0;
    return operation == OSSL_OP_CIPHER ? ciphers : nullptr;
}

int start_provider(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** out, void** context) {
    static const OSSL_DISPATCH functions[] = {entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query), {0, nullptr}};
    *out = functions;
    *context = manager();
    return *context != nullptr;
}

using Bytes = std::vector<unsigned char>;

// Text and tag, or nothing if the cipher does not do it.
Bytes seal(OSSL_LIB_CTX* library, const char* properties, const Bytes& text) {
    const std::array<unsigned char, key_bytes> key = {7, 1, 2, 250};
    const std::array<unsigned char, iv_bytes> iv = {9, 3, 5};
    const std::array<unsigned char, 5> aad = {23, 3, 3, 64, 17};
    EVP_CIPHER* cipher = EVP_CIPHER_fetch(library, "AES-128-GCM", properties);
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    Bytes sealed(text.size() + tag_bytes);
    int size = 0, rest = 0;
    const bool done =
        cipher != nullptr && EVP_EncryptInit_ex2(context, cipher, key.data(), iv.data(), nullptr) == 1 &&
        EVP_EncryptUpdate(context, nullptr, &size, aad.data(), static_cast<int>(aad.size())) == 1 &&
        EVP_EncryptUpdate(context, sealed.data(), &size, text.data(), static_cast<int>(text.size())) == 1 &&
        EVP_EncryptFinal_ex(context, sealed.data() + size, &rest) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_bytes, sealed.data() + text.size()) == 1;
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return done ? sealed : Bytes();
}

bool agrees_with_openssl(OSSL_LIB_CTX* library) {
    for (std::size_t size : {1u, 15u, 16u, 17u, 255u, 4097u, 16385u}) {
        Bytes text(size);
        for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<unsigned char>(i * 31 + size);
        const Bytes ours = seal(library, "provider=euromesh", text);
        if (ours.empty() || ours != seal(library, "provider=default", text)) return false;
    }
    return true;
}

bool add_fast_gcm(OSSL_LIB_CTX* library) {
    if (manager() == nullptr || OSSL_PROVIDER_add_builtin(library, "euromesh", start_provider) != 1)
        return false;
    OSSL_PROVIDER* provider = OSSL_PROVIDER_load(library, "euromesh");
    if (provider == nullptr) return false;
    if (agrees_with_openssl(library)) return true;
    OSSL_PROVIDER_unload(provider);
    return false;
}

#else

bool add_fast_gcm(OSSL_LIB_CTX*) {
    return false;
}

#endif

struct Library {
    OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
    bool fast = false;
};

Library make_library() {
    Library made;
    EM_ASSERT(made.context != nullptr, "OpenSSL gives a library context");
    EM_ASSERT(OSSL_PROVIDER_load(made.context, "default") != nullptr, "OpenSSL has its default algorithms");
    made.fast = add_fast_gcm(made.context);
    ERR_clear_error();
    return made;
}

const Library& library() {
    static const Library made = make_library();
    return made;
}

}  // namespace

ossl_lib_ctx_st* crypto_library() {
    return library().context;
}

bool has_fast_gcm() {
    return library().fast;
}

}  // namespace euromesh::os
