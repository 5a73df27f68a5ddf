// The page of the documentation shows the table that the suite holds the brokers against.
#include "brokers/broker.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace multimqtt::brokers {
namespace {

std::string page() {
    std::ostringstream text;
    text << std::ifstream{MULTIMQTT_BROKERS_PAGE}.rdbuf();
    return text.str();
}

void add_cell(std::string& row, std::string_view text) {
    row.append(" ").append(text).append(" |");
}

std::string row_of(Feature feature) {
    std::string row = "|";
    add_cell(row, to_string(feature));
    for (const BrokerKind* kind : broker_kinds()) {
        const Limit* limit = kind->limit(feature);
        add_cell(row, limit != nullptr ? limit->instead : kind->can(feature) ? "yes" : "-");
    }
    return row + "\n";
}

std::string head_row() {
    std::string row = "| |";
    for (const BrokerKind* kind : broker_kinds()) {
        add_cell(row, kind->name);
    }
    return row + "\n";
}

std::string settings_row(const BrokerKind& kind) {
    std::string row = "|";
    for (const std::string_view text : {kind.name, kind.origin, kind.settings}) {
        add_cell(row, text);
    }
    return row + "\n";
}

TEST(BrokerTableTest, StandsInTheDocumentationLineByLine) {
    const std::string text = page();
    ASSERT_FALSE(text.empty()) << MULTIMQTT_BROKERS_PAGE;
    EXPECT_NE(text.find(head_row()), std::string::npos) << head_row();
    for (const Feature feature : features()) {
        EXPECT_NE(text.find(row_of(feature)), std::string::npos) << row_of(feature);
    }
    for (const BrokerKind* kind : broker_kinds()) {
        EXPECT_NE(text.find(settings_row(*kind)), std::string::npos) << settings_row(*kind);
    }
}

TEST(BrokerTableTest, NamesNoLimitTwiceAndSaysWhatHappensInstead) {
    for (const BrokerKind* kind : broker_kinds()) {
        for (const Limit& limit : kind->limits) {
            EXPECT_FALSE(limit.instead.empty()) << kind->name;
            EXPECT_EQ(kind->limit(limit.feature), &limit) << kind->name << ": " << to_string(limit.feature);
        }
    }
}

}  // namespace
}  // namespace multimqtt::brokers
