#include "sync/exchange/s3_store_listing.hpp"

#include <charconv>
#include <optional>

namespace euromesh::sync {
namespace {

// What stands between <tag> or <tag ...> and </tag>, first from `from`; moves `from` behind it.
std::optional<std::string_view> element(std::string_view xml, std::string_view tag, std::size_t& from) {
    const std::string open = "<" + std::string(tag), close = "</" + std::string(tag) + ">";
    std::size_t begin = xml.find(open, from);
    while (begin != std::string_view::npos) {
        const std::size_t after = begin + open.size();
        if (after < xml.size() && (xml[after] == '>' || xml[after] == ' ')) break;
        begin = xml.find(open, after);
    }
    if (begin == std::string_view::npos) return std::nullopt;
    const std::size_t text = xml.find('>', begin);
    const std::size_t end = text == std::string_view::npos ? text : xml.find(close, text);
    if (end == std::string_view::npos) return std::nullopt;
    from = end + close.size();
    return xml.substr(text + 1, end - text - 1);
}

std::optional<std::string_view> element(std::string_view xml, std::string_view tag) {
    std::size_t from = 0;
    return element(xml, tag, from);
}

std::string unescaped(std::string_view text) {
    static constexpr std::pair<std::string_view, char> entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''}};
    std::string plain;
    while (!text.empty()) {
        std::size_t used = 1;
        char c = text[0];
        for (const auto& [name, value] : entities) {
            if (text.starts_with(name)) used = name.size(), c = value;
        }
        plain.push_back(c);
        text.remove_prefix(used);
    }
    return plain;
}

Result<Blob> read_entry(std::string_view entry) {
    const auto key = element(entry, "Key"), size = element(entry, "Size");
    Blob blob;
    if (key && size) {
        const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), blob.size);
        if (error == std::errc() && end == size->data() + size->size()) {
            blob.name = unescaped(*key);
            return blob;
        }
    }
    return fail(Code::corrupted, "the listing of a bucket has an entry without a key or a size");
}

}  // namespace

Result<S3Listing> parse_s3_listing(std::string_view xml) {
    const auto body = element(xml, "ListBucketResult");
    if (!body) return fail(Code::corrupted, "the listing of a bucket is no ListBucketResult (is it S3?)");
    S3Listing listing;
    std::size_t from = 0;
    while (const auto entry = element(*body, "Contents", from)) {
        EM_ASSIGN(Blob blob, read_entry(*entry));
        listing.blobs.push_back(std::move(blob));
    }
    const auto truncated = element(*body, "IsTruncated"), next = element(*body, "NextContinuationToken");
    if (truncated && *truncated == "true") {
        if (!next || next->empty()) return fail(Code::corrupted, "the listing of a bucket breaks off");
        listing.next = unescaped(*next);
    }
    return listing;
}

std::string s3_error_code(std::string_view xml) {
    return std::string(element(xml, "Code").value_or("").substr(0, 60));
}

std::string percent_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            encoded.push_back(c);
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

}  // namespace euromesh::sync
