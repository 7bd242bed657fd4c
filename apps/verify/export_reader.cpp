#include "apps/verify/export_reader.hpp"

#include <algorithm>

#include "apps/verify/note.hpp"
#include "apps/verify/text.hpp"

namespace euromesh::verify {
namespace {

constexpr std::string_view opening = "euromesh-ledger/1 ";
constexpr std::size_t line_most = 256;
constexpr std::size_t entry_most = 1u << 20;
constexpr std::size_t chunk = 1u << 20;

template <class... Args>
tl::unexpected<Error> expected(fmt::format_string<Args...> format, Args&&... args) {
    return fail(Code::corrupted, "{} is expected", fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace

// At least that many unread bytes in the buffer, or all that the file has left.
Status ExportReader::fill(std::size_t needed) {
    if (buffer_.size() - used_ >= needed) return {};
    taken_ += used_;
    buffer_.erase(0, used_);
    used_ = 0;
    while (buffer_.size() < needed) {
        const std::size_t had = buffer_.size();
        buffer_.resize(had + chunk);
        const auto count = source_(std::span(buffer_).subspan(had));
        buffer_.resize(had + (count ? *count : 0));
        if (!count) return fail(count.error());
        if (*count == 0) break;
    }
    return {};
}

// Without its end, which is passed over.
Result<std::string_view> ExportReader::read_line() {
    EM_TRY(fill(line_most));
    const std::string_view ahead = std::string_view(buffer_).substr(used_, line_most);
    const std::size_t end = ahead.find('\n');
    if (end == std::string_view::npos) {
        if (ahead.empty())
            return expected("'entry {}', 'head {}' or 'end', not the end of the file", entries_, entries_);
        return expected("a line of less than {} bytes", line_most);
    }
    used_ += end + 1;
    return ahead.substr(0, end);
}

Result<std::string_view> ExportReader::read_bytes(std::size_t count) {
    EM_TRY(fill(count + 1));
    const std::string_view ahead = std::string_view(buffer_).substr(used_, count + 1);
    if (ahead.size() <= count) return expected("{} bytes, of which the file has {},", count, ahead.size());
    if (ahead[count] != '\n') return expected("an end of line after {} bytes", count);
    used_ += count + 1;
    return ahead.substr(0, count);
}

void ExportReader::pass(std::string_view bytes) {
    place_.offset += bytes.size() + 1;
    place_.line += static_cast<std::uint64_t>(std::ranges::count(bytes, '\n')) + 1;
}

Result<std::string> ExportReader::read_opening() {
    EM_ASSIGN(const std::string_view line, read_line());
    if (!line.starts_with(opening) || line.size() == opening.size()) {
        return expected("'{}' and the name of a federation", opening.substr(0, opening.size() - 1));
    }
    std::string origin(line.substr(opening.size()));
    pass(line);
    return origin;
}

Status ExportReader::read_entry(std::string_view words, Block& block) {
    const auto parts = split(words, ' ', 4);
    const auto index = number_in(parts[0]);
    const auto size = parts.size() == 3 ? number_in(parts[1]) : std::nullopt;
    if (!index || !size || static_cast<std::size_t>(*size) > entry_most ||
        !read_hex(parts[2], block.stated)) {
        return expected("'entry {}', a length and a hash", entries_);
    }
    if (static_cast<std::uint64_t>(*index) != entries_)
        return expected("entry {}, not {},", entries_, *index);
    EM_ASSIGN(block.bytes, read_bytes(static_cast<std::size_t>(*size)));
    block.kind = Block::Kind::entry;
    ++entries_;
    return {};
}

Status ExportReader::read_head(std::string_view words, Block& block) {
    const auto parts = split(words, ' ', 3);
    const auto at = number_in(parts[0]);
    const auto size = parts.size() == 2 ? number_in(parts[1]) : std::nullopt;
    if (!at || !size || static_cast<std::size_t>(*size) > note_max_bytes) {
        return expected("'head {}' and a length", entries_);
    }
    if (static_cast<std::uint64_t>(*at) != entries_) {
        return expected("after {} entries a head of {} entries, not of {},", entries_, entries_, *at);
    }
    EM_ASSIGN(block.bytes, read_bytes(static_cast<std::size_t>(*size)));
    block.kind = Block::Kind::head;
    ++heads_;
    return {};
}

Status ExportReader::read_end(std::string_view words) {
    if (words != fmt::format("{} {}", entries_, heads_)) return expected("'end {} {}'", entries_, heads_);
    EM_TRY(fill(1));
    if (used_ != buffer_.size()) return expected("nothing after the last line");
    return {};
}

Result<Block> ExportReader::next() {
    place_.entry = entries_;
    Block block;
    block.words = place_;
    EM_ASSIGN(const std::string_view line_ahead, read_line());
    const std::string line(line_ahead);
    const auto words = split(line, ' ', 2);
    const std::string_view rest = words.size() == 2 ? words[1] : std::string_view();
    block.place = {place_.entry, place_.line + 1, place_.offset + line.size() + 1};
    if (words[0] == "entry") {
        EM_TRY(read_entry(rest, block));
    } else if (words[0] == "head") {
        EM_TRY(read_head(rest, block));
    } else if (words[0] == "end") {
        EM_TRY(read_end(rest));
    } else {
        return expected("'entry {}', 'head {}' or 'end'", entries_, entries_);
    }
    pass(line);
    if (block.kind != Block::Kind::end) pass(block.bytes);
    return block;
}

}  // namespace euromesh::verify
