#include "facts/access_modes.hpp"

#include "facts/fields.hpp"

namespace euromesh::facts {
namespace {

AccessMode read_mode(const CsvRow& row) {
    AccessMode mode;
    mode.id = row.text("id");
    mode.name = row.text("name");
    mode.track = row.text("track");
    mode.who = row.text("who");
    mode.unit = row.text("unit");
    mode.allocation_min = row.number("allocation_min");
    mode.allocation_max = row.number("allocation_max");
    expect_order(row, "allocation_min", "allocation_max", "allocation_max");
    mode.review_days = row.number("review_days", {0, 3650});
    mode.cutoffs_per_year = row.number("cutoffs_per_year", {0, 365});
    mode.allocation_months = row.number("allocation_months", {0, 240});
    mode.price = row.optional_text("price");
    mode.source = source_in(row);
    mode.evidence = evidence_in(row);
    mode.note = row.raw("note");
    return mode;
}

}  // namespace

const TableKind<AccessMode>& access_modes_table() {
    static const TableKind<AccessMode> kind = {{"access_modes.csv",
                                                {"id",
                                                 "name",
                                                 "track",
                                                 "who",
                                                 "unit",
                                                 {"allocation_min", "1"},
                                                 {"allocation_max", "1"},
                                                 {"review_days", "days"},
                                                 {"cutoffs_per_year", "1"},
                                                 {"allocation_months", "months"},
                                                 "price",
                                                 "source",
                                                 "source_url",
                                                 "as_of",
                                                 "grade",
                                                 "evidence",
                                                 "note"}},
                                               read_mode};
    return kind;
}

Result<std::vector<AccessMode>> load_access_modes(const FactFiles& files) {
    return load_records(access_modes_table(), files);
}

}  // namespace euromesh::facts
