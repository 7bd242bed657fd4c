#include "apps/verify/compare.hpp"

namespace euromesh::verify {
namespace {

Error named(const char* which, const ExportReader& reader, const Error& error) {
    if (error.code != Code::corrupted) return error.within(which);
    return {error.code, fmt::format("{}, line {}, byte {}: {}", which, reader.place().line,
                                    reader.place().offset, error.message)};
}

// The next entry or the end; heads are passed over.
Result<Block> next_entry(ExportReader& reader, const char* which) {
    for (;;) {
        auto block = reader.next();
        if (!block) return fail(named(which, reader, block.error()));
        if (block->kind != Block::Kind::head) return block;
    }
}

}  // namespace

Result<Comparison> compare(Source source, Source against) {
    constexpr const char* first = "the first export";
    constexpr const char* second = "the second export";
    ExportReader a(std::move(source)), b(std::move(against));
    const auto origin = a.read_opening();
    if (!origin) return fail(named(first, a, origin.error()));
    const auto other = b.read_opening();
    if (!other) return fail(named(second, b, other.error()));
    Comparison found;
    if (*origin != *other) {
        found.first = Parting{{}, {}, fmt::format("they are of '{}' and of '{}'", *origin, *other)};
        return found;
    }
    for (;; ++found.same) {
        EM_ASSIGN(const Block one, next_entry(a, first));
        EM_ASSIGN(const Block two, next_entry(b, second));
        found.is_longer = one.kind == Block::Kind::entry && two.kind == Block::Kind::end;
        found.against_is_longer = one.kind == Block::Kind::end && two.kind == Block::Kind::entry;
        if (one.kind == Block::Kind::end || two.kind == Block::Kind::end) return found;
        if (one.bytes == two.bytes) continue;
        found.first = Parting{one.place, two.place, fmt::format("entry {} is not the same", found.same)};
        return found;
    }
}

}  // namespace euromesh::verify
