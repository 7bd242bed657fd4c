// Files of named fp32 tensors in the safetensors format: 8 bytes of header length (little-endian), a JSON
// header, then the values.
//
// It is the format in which checkpoints leave us and foreign models reach us, so the reader is a decoder of
// outside bytes: every length, offset, shape and type is checked before use, the ranges must tile the file
// without gap or overlap, and nothing is read beyond its end. Tensors of other types than F32 are listed and
// cannot be read. Little-endian machines only. A reader belongs to one thread at a time.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "base/result.hpp"
#include "contract/layout.hpp"

namespace euromesh::contract {

using Metadata = std::map<std::string, std::string>;

struct TensorView {
    std::string name;
    std::vector<std::int64_t> shape;
    std::span<const float> values;  // as many as the shape says
};

// The whole file appears at once or not at all (no_space: nothing is left behind).
Status write_safetensors(const os::Path& path, std::span<const TensorView> tensors,
                         const Metadata& metadata = {});
// One tensor per entry of the layout, cut from a flat buffer of value_count(layout) values.
Status write_safetensors(const os::Path& path, const Layout& layout, std::span<const float> flat,
                         const Metadata& metadata = {});

class SafetensorsFile {
  public:
    // corrupted: truncated or not safetensors. The message names the file and the tensor.
    static Result<SafetensorsFile> open(const os::Path& path);

    const Metadata& metadata() const { return metadata_; }
    std::vector<std::string> names() const;

    // In F32 and of just this shape.
    bool contains(const TensorSpec& wanted) const;
    // Copies one tensor out. not_found: no such name; bad_input: another type or shape than asked for.
    Status read(const TensorSpec& wanted, std::span<float> out) const;
    // Copies every tensor of the layout into its place of a flat buffer of value_count(layout) values.
    Status read(const Layout& layout, std::span<float> flat) const;

    // Where one tensor lies: bytes [begin, end) of the data part.
    struct Entry {
        std::string type;
        std::vector<std::int64_t> shape;
        std::size_t begin = 0;
        std::size_t end = 0;
    };

  private:
    explicit SafetensorsFile(os::MappedFile file, os::Path path)
        : file_(std::move(file)), path_(std::move(path)) {}
    Status parse();
    Status parse_header(std::string_view text);
    Status check_tiling() const;

    os::MappedFile file_;
    os::Path path_;
    Metadata metadata_;
    std::map<std::string, Entry> entries_;
    std::span<const std::byte> data_;
};

}  // namespace euromesh::contract
