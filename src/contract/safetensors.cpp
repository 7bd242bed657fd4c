#include "contract/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/assert.hpp"
#include "base/json.hpp"

namespace euromesh::contract {
namespace {

static_assert(std::endian::native == std::endian::little, "values are stored as they lie in memory");

constexpr std::size_t prefix_bytes = 8;
constexpr std::size_t data_alignment = 64;
constexpr const char* metadata_key = "__metadata__";

std::string shorten(std::string_view name) {
    return std::string(name.substr(0, 80));
}

std::string shape_text(std::span<const std::int64_t> shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

// 0: not a type of the format.
std::size_t bytes_of(std::string_view type) {
    static const std::map<std::string_view, std::size_t> sizes{
        {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1},
        {"U16", 2},  {"I16", 2}, {"F16", 2}, {"BF16", 2},    {"U32", 4},
        {"I32", 4},  {"F32", 4}, {"U64", 8}, {"I64", 8},     {"F64", 8}};
    const auto found = sizes.find(type);
    return found == sizes.end() ? 0 : found->second;
}

std::string header_of(std::span<const TensorView> tensors, const Metadata& metadata) {
    Json header = Json::object();
    if (!metadata.empty()) header[metadata_key] = metadata;
    std::size_t at = 0;
    for (const TensorView& tensor : tensors) {
        const std::size_t end = at + tensor.values.size_bytes();
        header[tensor.name] = Json{{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
        at = end;
    }
    std::string text = header.dump();
    // Spaces after the JSON are allowed by the format; with them the values start on a cache line.
    text.append((data_alignment - (prefix_bytes + text.size()) % data_alignment) % data_alignment, ' ');
    return text;
}

tl::unexpected<Error> broken(const os::Path& path, std::string_view name, std::string_view problem) {
    return fail(Code::corrupted, "{}: tensor '{}': {}; restore the file from another copy", path.string(),
                shorten(name), problem);
}

bool read_offsets(const Json& value, SafetensorsFile::Entry& entry) {
    if (!value.is_array() || value.size() != 2) return false;
    if (!value[0].is_number_unsigned() || !value[1].is_number_unsigned()) return false;
    entry.begin = value[0].get<std::size_t>();
    entry.end = value[1].get<std::size_t>();
    return entry.begin <= entry.end;
}

// The number of bytes that the shape needs must be what the offsets give.
bool read_shape(const Json& value, std::size_t item_bytes, SafetensorsFile::Entry& entry) {
    if (!value.is_array() || value.size() > 16) return false;
    std::size_t bytes = item_bytes;
    for (const Json& extent : value) {
        if (!extent.is_number_unsigned()) return false;
        const auto size = extent.get<std::uint64_t>();
        if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return false;
        if (__builtin_mul_overflow(bytes, size, &bytes)) return false;
        entry.shape.push_back(static_cast<std::int64_t>(size));
    }
    return bytes == entry.end - entry.begin;
}

Result<SafetensorsFile::Entry> parse_entry(const os::Path& path, const std::string& name, const Json& value) {
    if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") ||
        !value.contains("data_offsets") || !value["dtype"].is_string())
        return broken(path, name, "needs dtype, shape and data_offsets");
    SafetensorsFile::Entry entry;
    entry.type = value["dtype"].get<std::string>();
    const std::size_t item_bytes = bytes_of(entry.type);
    if (item_bytes == 0) return broken(path, name, "type " + shorten(entry.type) + " is not known");
    if (!read_offsets(value["data_offsets"], entry)) return broken(path, name, "data_offsets are wrong");
    if (!read_shape(value["shape"], item_bytes, entry))
        return broken(path, name, "its shape does not fit its data_offsets");
    return entry;
}

Result<Metadata> parse_metadata(const os::Path& path, const Json& value) {
    Metadata metadata;
    if (!value.is_object()) return broken(path, metadata_key, "use an object of strings");
    for (const auto& [key, text] : value.items()) {
        if (!text.is_string()) return broken(path, metadata_key, "use an object of strings");
        metadata[key] = text.get<std::string>();
    }
    return metadata;
}

}  // namespace

Status write_safetensors(const os::Path& path, std::span<const TensorView> tensors,
                         const Metadata& metadata) {
    for (const TensorView& tensor : tensors)
        EM_ASSERT((TensorSpec{tensor.name, tensor.shape}.size() == tensor.values.size()),
                  "a tensor has as many values as its shape says");
    const std::string header = header_of(tensors, metadata);
    const std::uint64_t length = header.size();
    std::vector<std::span<const std::byte>> pieces{std::as_bytes(std::span(&length, 1)),
                                                   std::as_bytes(std::span(header))};
    for (const TensorView& tensor : tensors) pieces.push_back(std::as_bytes(tensor.values));
    return os::write_file_atomically(path, pieces);
}

Status write_safetensors(const os::Path& path, const Layout& layout, std::span<const float> flat,
                         const Metadata& metadata) {
    EM_ASSERT(flat.size() == value_count(layout), "one value per place of the layout");
    std::vector<TensorView> tensors;
    for (const TensorSpec& tensor : layout) {
        tensors.push_back({tensor.name, tensor.shape, flat.first(tensor.size())});
        flat = flat.subspan(tensor.size());
    }
    return write_safetensors(path, tensors, metadata);
}

Result<SafetensorsFile> SafetensorsFile::open(const os::Path& path) {
    EM_ASSIGN(auto mapped, os::MappedFile::open(path));
    SafetensorsFile file(std::move(mapped), path);
    EM_TRY(file.parse());
    return file;
}

Status SafetensorsFile::parse() {
    const std::span<const std::byte> bytes = file_.bytes();
    std::uint64_t length = 0;
    if (bytes.size() >= prefix_bytes) std::memcpy(&length, bytes.data(), prefix_bytes);
    if (length < 2 || length > json_max_bytes || length > bytes.size() - prefix_bytes) {
        return fail(Code::corrupted,
                    "{}: {} bytes with a header of {}: cut or not safetensors; restore it from another copy",
                    path_.string(), bytes.size(), length);
    }
    data_ = bytes.subspan(prefix_bytes + length);
    EM_TRY(parse_header({reinterpret_cast<const char*>(bytes.data()) + prefix_bytes, length}));
    return check_tiling();
}

Status SafetensorsFile::parse_header(std::string_view text) {
    const Result<Json> header = parse_json(text);
    if (!header || !header->is_object()) {
        return fail(Code::corrupted, "{}: header: {}", path_.string(),
                    header ? "not a JSON object" : header.error().message);
    }
    for (const auto& [name, value] : header->items()) {
        if (name == metadata_key) {
            EM_ASSIGN(metadata_, parse_metadata(path_, value));
            continue;
        }
        EM_ASSIGN(entries_[name], parse_entry(path_, name, value));
    }
    return {};
}

Status SafetensorsFile::check_tiling() const {
    std::vector<std::pair<std::string_view, const Entry*>> order;
    for (const auto& [name, entry] : entries_) order.emplace_back(name, &entry);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second->begin, a.second->end) < std::pair(b.second->begin, b.second->end);
    });
    std::size_t at = 0;
    for (const auto& [name, entry] : order) {
        if (entry->end > data_.size())
            return broken(path_, name,
                          fmt::format("ends at byte {} of {}: the file is cut", entry->end, data_.size()));
        if (entry->begin != at) return broken(path_, name, "overlaps its neighbour or leaves a gap");
        at = entry->end;
    }
    if (at == data_.size()) return {};
    return fail(Code::corrupted, "{}: {} bytes after the last tensor; restore the file from another copy",
                path_.string(), data_.size() - at);
}

std::vector<std::string> SafetensorsFile::names() const {
    std::vector<std::string> all;
    for (const auto& [name, entry] : entries_) all.push_back(name);
    return all;
}

bool SafetensorsFile::contains(const TensorSpec& wanted) const {
    const auto found = entries_.find(wanted.name);
    return found != entries_.end() && found->second.type == "F32" && found->second.shape == wanted.shape;
}

Status SafetensorsFile::read(const TensorSpec& wanted, std::span<float> out) const {
    EM_ASSERT(out.size() == wanted.size(), "one place per value");
    const auto found = entries_.find(wanted.name);
    if (found == entries_.end())
        return fail(Code::not_found, "{}: no tensor '{}'", path_.string(), shorten(wanted.name));
    const Entry& entry = found->second;
    if (!contains(wanted)) {
        return fail(Code::bad_input, "{}: tensor '{}' is {} {}: use F32 {}", path_.string(),
                    shorten(wanted.name), entry.type, shape_text(entry.shape), shape_text(wanted.shape));
    }
    // Not a span of floats: a foreign file's values may begin at any byte.
    if (!out.empty()) std::memcpy(out.data(), data_.data() + entry.begin, out.size_bytes());
    return {};
}

Status SafetensorsFile::read(const Layout& layout, std::span<float> flat) const {
    EM_ASSERT(flat.size() == value_count(layout), "one place per value of the layout");
    for (const TensorSpec& tensor : layout) {
        EM_TRY(read(tensor, flat.first(tensor.size())));
        flat = flat.subspan(tensor.size());
    }
    return {};
}

}  // namespace euromesh::contract
