#include "federation/ledger/ledger_export.hpp"

#include <algorithm>
#include <charconv>

namespace euromesh::federation {
namespace {

constexpr std::string_view opening = "euromesh-ledger/1 ";
constexpr std::size_t line_max_bytes = 256;
constexpr std::size_t read_bytes_at_once = 256u << 10;

// Numbers without leading zeroes, separated by one space, that are all of `words`; `hash` when one follows.
bool read_numbers(std::string_view words, std::span<std::uint64_t> numbers, NodeHash* hash = nullptr) {
    const char* at = words.data();
    const char* const end = at + words.size();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (i > 0 && (at == end || *at++ != ' ')) return false;
        if (end - at > 1 && *at == '0' && at[1] != ' ') return false;
        const auto [next, error] = std::from_chars(at, end, numbers[i]);
        if (error != std::errc()) return false;
        at = next;
    }
    if (hash == nullptr) return at == end;
    if (at == end || *at++ != ' ') return false;
    return from_hex({at, static_cast<std::size_t>(end - at)}, *hash).has_value();
}

}  // namespace

std::size_t heads_up_to_countersigned(std::span<const SignedHead> heads, std::uint64_t needed) {
    std::size_t count = heads.size();
    while (count > 0 && heads[count - 1].countersignatures.size() < needed) --count;
    return count;
}

Status LedgerExporter::begin() {
    if (begun_) return {};
    begun_ = true;
    EM_TRY(check_origin(origin_));
    return sink_(fmt::format("{}{}\n", opening, origin_));
}

Status LedgerExporter::entry(std::string_view bytes) {
    if (bytes.size() > ledger_entry_max_bytes) {
        return fail(Code::bad_input, "entry {} of {} bytes is over the limit of {}", entries_, bytes.size(),
                    ledger_entry_max_bytes);
    }
    EM_TRY(begin());
    std::string text = fmt::format("entry {} {} {}\n", entries_, bytes.size(), to_hex(leaf_hash(bytes)));
    text.append(bytes);
    text += '\n';
    ++entries_;
    return sink_(text);
}

Status LedgerExporter::head(const SignedHead& head) {
    if (head.head.origin != origin_ || head.head.size != entries_) {
        return fail(Code::conflict, "head of '{}' with {} entries cannot follow entry {} of '{}'",
                    head.head.origin, head.head.size, entries_, origin_);
    }
    EM_TRY(begin());
    const std::string note = encode(head);
    ++heads_;
    covered_ = entries_;
    return sink_(fmt::format("head {} {}\n{}\n", head.head.size, note.size(), note));
}

Status LedgerExporter::end() {
    if (covered_ != entries_ || heads_ == 0) {
        return fail(Code::conflict,
                    "export of {} entries: its last head covers {}; sign a head, or end there", entries_,
                    covered_);
    }
    return sink_(fmt::format("end {} {}\n", entries_, heads_));
}

tl::unexpected<Error> LedgerImporter::wrong(std::string_view what) {
    ended_ = true;
    return fail(Code::corrupted, "ledger export, line {}, byte {}: {} is expected", line_, offset_, what);
}

// More bytes behind those not yet used; none at the end of the source.
Status LedgerImporter::fill() {
    buffer_.erase(0, used_);
    used_ = 0;
    const std::size_t before = buffer_.size();
    buffer_.resize(before + read_bytes_at_once);
    const auto count = source_(std::span(buffer_).subspan(before));
    buffer_.resize(before + (count ? *count : 0));
    if (!count) return fail(count.error());
    return {};
}

Result<std::string> LedgerImporter::read_line() {
    std::size_t end = buffer_.find('\n', used_);
    while (end == std::string::npos && buffer_.size() - used_ <= line_max_bytes) {
        const std::size_t had = buffer_.size() - used_;
        EM_TRY(fill());
        if (buffer_.size() == had) break;
        end = buffer_.find('\n', used_);
    }
    if (end == std::string::npos || end - used_ > line_max_bytes) return wrong("a line of words and its end");
    std::string line = buffer_.substr(used_, end - used_);
    used_ = end + 1;
    return line;
}

// And the end of line after them.
Result<std::string> LedgerImporter::read_bytes(std::uint64_t count) {
    while (buffer_.size() - used_ < count + 1) {
        const std::size_t had = buffer_.size() - used_;
        EM_TRY(fill());
        if (buffer_.size() - used_ == had)
            return wrong(fmt::format("{} bytes, not the end of the file", count));
    }
    std::string bytes = buffer_.substr(used_, count);
    used_ += count;
    if (buffer_[used_++] != '\n') return wrong(fmt::format("an end of line after {} bytes", count));
    return bytes;
}

Status LedgerImporter::read_opening() {
    EM_ASSIGN(const std::string line, read_line());
    if (!line.starts_with(opening) || !check_origin(line.substr(opening.size()))) {
        return wrong("'euromesh-ledger/1' and the name of a federation");
    }
    origin_ = line.substr(opening.size());
    offset_ = line.size() + 1;
    line_ = 2;
    return {};
}

Result<ExportItem> LedgerImporter::read_entry(std::string_view words) {
    std::array<std::uint64_t, 2> numbers{};
    NodeHash hash;
    if (!read_numbers(words, numbers, &hash) || numbers[0] != entries_ ||
        numbers[1] > ledger_entry_max_bytes) {
        return wrong(fmt::format("'entry {}', a length and a hash", entries_));
    }
    EM_ASSIGN(std::string bytes, read_bytes(numbers[1]));
    if (leaf_hash(bytes) != hash) return wrong(fmt::format("entry {} with the hash that is named", entries_));
    return ExportItem{ExportItem::Kind::entry, entries_++, std::move(bytes)};
}

Result<ExportItem> LedgerImporter::read_head(std::string_view words) {
    std::array<std::uint64_t, 2> numbers{};
    if (!read_numbers(words, numbers) || numbers[0] != entries_ || numbers[1] > head_max_bytes) {
        return wrong(fmt::format("'head {}' and a length", entries_));
    }
    ++heads_;
    EM_ASSIGN(std::string bytes, read_bytes(numbers[1]));
    return ExportItem{ExportItem::Kind::head, entries_, std::move(bytes)};
}

Status LedgerImporter::read_end(std::string_view words) {
    std::array<std::uint64_t, 2> numbers{};
    if (!read_numbers(words, numbers) || numbers[0] != entries_ || numbers[1] != heads_) {
        return wrong(fmt::format("'end {} {}'", entries_, heads_));
    }
    if (used_ == buffer_.size()) EM_TRY(fill());
    if (used_ != buffer_.size()) return wrong("the end of the file");
    ended_ = true;
    return {};
}

Result<std::optional<ExportItem>> LedgerImporter::next() {
    if (ended_) return std::nullopt;
    if (origin_.empty()) EM_TRY(read_opening());
    EM_ASSIGN(const std::string line, read_line());
    const std::string_view words = std::string_view(line).substr(std::min(line.find(' ') + 1, line.size()));
    if (line.starts_with("end ")) {
        EM_TRY(read_end(words));
        return std::nullopt;
    }
    const bool is_entry = line.starts_with("entry ");
    if (!is_entry && !line.starts_with("head ")) return wrong("entry, head or end");
    EM_ASSIGN(ExportItem item, is_entry ? read_entry(words) : read_head(words));
    item.line = line_ + 1;
    item.offset = offset_ + line.size() + 1;
    line_ = item.line + static_cast<std::uint64_t>(std::ranges::count(item.bytes, '\n')) + 1;
    offset_ = item.offset + item.bytes.size() + 1;
    return item;
}

}  // namespace euromesh::federation
