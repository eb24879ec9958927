#pragma once

#include <tokenizer/tokenizer.h>

#include <QByteArray>
#include <QJsonObject>
#include <QString>

#include <memory>

/// A file of tests/reference/tokenizer; ends the program when it is missing.
QByteArray referenceFile(const QString& name);
QJsonObject referenceJson(const QString& name);

std::string_view viewOf(const QByteArray& bytes);

/// The tokenizer in a file of tests/reference/tokenizer, "plain.json" or "plain.model".
std::shared_ptr<const lapidary::engine::Tokenizer> referenceTokenizer(const QString& name);
