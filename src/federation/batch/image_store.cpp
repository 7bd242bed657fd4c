#include "federation/batch/image_store.hpp"

#include <memory>

#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/os/command.hpp"
#include "federation/batch/job_record.hpp"

namespace euromesh::federation {
namespace {

constexpr std::string_view prefix = "sha256:";
constexpr std::size_t piece_bytes = 4u << 20;
constexpr std::size_t memory_most_bytes = 1u << 20;
constexpr std::size_t memory_most_images = 4096;
constexpr auto unpack_limit = std::chrono::minutes(30);
// unsquashfs: what only the system's administrator may do was left out (device files, owners).
constexpr int unpacked_without_rights = 2;

Result<std::string> digest_of_file(const os::Path& path) {
    Sha256 hash;
    const auto piece = std::make_unique<std::array<std::byte, piece_bytes>>();
    for (std::uint64_t at = 0;;) {
        EM_ASSIGN(const std::size_t got, os::read_range(path, at, *piece));
        if (got == 0) return to_hex(hash.finish());
        hash.add(std::span(*piece).first(got));
        at += got;
    }
}

Result<std::string> hex_of(const std::string& digest) {
    Sha256Digest bytes;
    if (digest.starts_with(prefix) && from_hex(std::string_view(digest).substr(prefix.size()), bytes))
        return digest.substr(prefix.size());
    return fail(Code::bad_input, "an image is named by its digest: sha256: and 64 hexadecimal digits");
}

std::map<std::string, os::FileMark> read_memory(const os::Path& file) {
    std::map<std::string, os::FileMark> known;
    const auto text = os::read_file(file, memory_most_bytes);
    if (!text) return known;
    const auto json = parse_json(*text, memory_most_bytes);
    if (!json || !json->is_object()) return known;
    for (const auto& [hex, mark] : json->items()) {
        const bool whole =
            mark.is_array() && mark.size() == 5 &&
            std::all_of(mark.begin(), mark.end(), [](const Json& v) { return v.is_number_integer(); });
        if (!whole) continue;
        known[hex] = {mark[0].get<std::uint64_t>(), mark[1].get<std::uint64_t>(),
                      mark[2].get<std::uint64_t>(), mark[3].get<std::int64_t>(), mark[4].get<std::int64_t>()};
    }
    return known;
}

constexpr const char* how = "the centre brings it by `euromesh site image FILE --config site.toml`";

}  // namespace

ImageStore::ImageStore(ImageStoreOptions options)
    : options_(std::move(options)), known_(read_memory(options_.memory)) {}

// What cannot be kept is computed again.
void ImageStore::remember(const std::string& hex, const os::FileMark& mark) {
    if (known_.size() >= memory_most_images) known_.clear();
    known_[hex] = mark;
    Json json = Json::object();
    for (const auto& [name, one] : known_)
        json[name] = {one.size, one.device, one.inode, one.modified_ns, one.changed_ns};
    (void)os::write_file_atomically(options_.memory, json.dump());
}

Status ImageStore::check(const std::string& hex) {
    const os::Path file = file_of(hex);
    const auto mark = os::file_mark(file);
    if (!mark && mark.error().code == Code::not_found)
        return fail(Code::not_found, "image sha256:{} is not at this site: looked for {}; {}", hex,
                    file.string(), how);
    if (!mark) return fail(mark.error().within("image sha256:" + hex));
    const auto known = known_.find(hex);
    if (known != known_.end() && known->second == *mark) return {};
    EM_ASSIGN(const std::string found, digest_of_file(file));
    EM_ASSIGN(const os::FileMark after, os::file_mark(file));
    if (!(after == *mark)) return fail(Code::unavailable, "{} changes while it is read", file.string());
    if (found != hex)
        return fail(Code::refused, "image sha256:{}: {} holds another one, sha256:{}; {}", hex, file.string(),
                    found, how);
    remember(hex, after);
    return {};
}

Result<os::Path> ImageStore::unpack(const std::string& hex) {
    const os::Path place = options_.unpacked / hex, fresh = options_.unpacked / (hex + ".new");
    std::error_code error;
    if (std::filesystem::exists(place, error)) return place;
    EM_TRY(os::make_folders(options_.unpacked));
    std::filesystem::remove_all(fresh, error);
    EM_ASSIGN(const os::CommandEnd end,
              os::run_command({.arguments = {"unsquashfs", "-no-progress", "-no-xattrs", "-quiet", "-dest",
                                             fresh.string(), file_of(hex).string()},
                               .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}},
                               .limit = unpack_limit}));
    if (end.exit_status != 0 && end.exit_status != unpacked_without_rights)
        return fail(Code::refused, "image sha256:{} cannot be unpacked: {}", hex, as_message(end.complaint));
    std::filesystem::rename(fresh, place, error);
    if (error && !std::filesystem::exists(place))
        return fail(os::file_error(error.value(), "unpacking an image to", place));
    return place;
}

Result<os::Path> ImageStore::find(const std::string& digest) {
    EM_ASSIGN(const std::string hex, hex_of(digest));
    EM_TRY(check(hex));
    if (options_.unpacked.empty()) return file_of(hex);
    return unpack(hex);
}

Result<std::string> ImageStore::add(const os::Path& file) {
    EM_ASSIGN(const std::string hex, digest_of_file(file));
    const os::Path place = file_of(hex);
    if (!check(hex)) {
        EM_TRY(os::make_folders(options_.images));
        const os::Path fresh = place.string() + ".new";
        std::error_code error;
        std::filesystem::copy_file(file, fresh, std::filesystem::copy_options::overwrite_existing, error);
        if (!error) std::filesystem::rename(fresh, place, error);
        if (error) return fail(os::file_error(error.value(), "copying an image to", place));
        EM_TRY(check(hex));
    }
    return std::string(prefix) + hex;
}

}  // namespace euromesh::federation
