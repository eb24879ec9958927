#include "reference_vocabulary.h"

#include <QFile>
#include <QJsonDocument>

QByteArray referenceFile(const QString& name) {
    QFile file(QStringLiteral(LAPIDARY_TESTS "/reference/tokenizer/") + name);
    if (!file.open(QIODevice::ReadOnly))
        qFatal("%s: %s", qPrintable(file.fileName()), qPrintable(file.errorString()));
    return file.readAll();
}

QJsonObject referenceJson(const QString& name) {
    return QJsonDocument::fromJson(referenceFile(name)).object();
}

std::string_view viewOf(const QByteArray& bytes) {
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

std::shared_ptr<const lapidary::engine::Tokenizer> referenceTokenizer(const QString& name) {
    using lapidary::engine::Tokenizer;
    const QByteArray bytes = referenceFile(name);
    auto tokenizer = name.endsWith(u".json") ? Tokenizer::fromJson(viewOf(bytes))
                                             : Tokenizer::fromSentencePiece(viewOf(bytes));
    if (!tokenizer)
        qFatal("%s: %s (%s)", qPrintable(name), tokenizer.error().sentence.c_str(),
               tokenizer.error().detail.c_str());
    return *tokenizer;
}
