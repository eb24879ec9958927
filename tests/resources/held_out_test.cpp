#include "demo_model.h"
#include "registry.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QTest>

using namespace lapidary;

/// The demo model on the questions that were kept out of its training, greedy: every set reaches
/// the share that its file asks for. An item is right when each group of `expect` has one
/// alternative that stands in the answer, whatever its case; short ones as whole words.
class HeldOutTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { QVERIFY2(model_.isLoaded(), model_.error().c_str()); }

    void reaches_data() {
        QTest::addColumn<QString>("file");
        const QDir folder(kFolder);
        for (const QString& name : folder.entryList({"*.json"}, QDir::Files, QDir::Name))
            QTest::newRow(qPrintable(name)) << folder.filePath(name);
    }
    void reaches() {
        QFETCH(QString, file);
        QFile source(file);
        QVERIFY(source.open(QIODevice::ReadOnly));
        const QJsonObject set = QJsonDocument::fromJson(source.readAll()).object();
        const QJsonArray items = set["items"].toArray();
        QVERIFY(!items.isEmpty());
        int right = 0;
        for (const QJsonValue& value : items) {
            const QJsonObject item = value.toObject();
            const QString answer = ask(item);
            if (isRight(answer, item["expect"].toArray()))
                ++right;
            else
                qInfo().noquote() << lastText(item) << "→" << answer.left(100);
        }
        const double share = static_cast<double>(right) / static_cast<double>(items.size());
        qInfo("%s: %d of %d, %.1f %%; needed %.0f %%", qPrintable(set["set"].toString()), right,
              static_cast<int>(items.size()), 100 * share, 100 * set["needed"].toDouble());
        QVERIFY(share >= set["needed"].toDouble());
    }

private:
    static constexpr auto kFolder = LAPIDARY_RESOURCES "/demo-model/training/heldout";

    static bool isRight(QString answer, const QJsonArray& groups) {
        answer.remove("**");
        const auto stands = [&](const QString& text) {
            if (text.size() >= 20 || !text.back().isLetterOrNumber())
                return answer.contains(text, Qt::CaseInsensitive);
            const QRegularExpression whole("(?<!\\w)" + QRegularExpression::escape(text)
                                               + "(?!\\w)",
                                           QRegularExpression::CaseInsensitiveOption
                                               | QRegularExpression::UseUnicodePropertiesOption);
            return whole.match(answer).hasMatch();
        };
        return std::ranges::all_of(groups, [&](const QJsonValue& group) {
            return std::ranges::any_of(group.toArray(), [&](const QJsonValue& alternative) {
                return stands(alternative.toString());
            });
        });
    }

    static QString lastText(const QJsonObject& item) {
        const QJsonValue content = item["messages"].toArray().last()["content"];
        return content.isString() ? content.toString()
                                  : content.toArray().last()["text"].toString();
    }

    QString ask(const QJsonObject& item) {
        engine::Request request;
        for (const QJsonValue& value : item["messages"].toArray())
            request.messages.push_back(message(value.toObject(), item["image"].toString()));
        request.thinking = item["thinking"].toBool();
        return QString::fromStdString(model_.ask(std::move(request)).answer);
    }

    static engine::Message message(const QJsonObject& object, const QString& image) {
        const QString role = object["role"].toString();
        engine::Message message;
        message.role = role == "system"      ? engine::Role::System
                       : role == "assistant" ? engine::Role::Assistant
                                             : engine::Role::User;
        if (object["content"].isString()) {
            message.parts.emplace_back(object["content"].toString().toStdString());
            return message;
        }
        for (const QJsonValue& part : object["content"].toArray()) {
            if (part["type"].toString() == "image")
                message.parts.emplace_back(engine::ImagePart{.image = picture(image)});
            else
                message.parts.emplace_back(part["text"].toString().toStdString());
        }
        return message;
    }

    static std::shared_ptr<const engine::Image> picture(const QString& name) {
        QFile file(QDir(kFolder).filePath(name));
        if (!file.open(QIODevice::ReadOnly))
            qFatal("%s is not there", qPrintable(file.fileName()));
        const QByteArray bytes = file.readAll();
        auto image = engine::decodeImage(
            std::as_bytes(std::span(bytes.constData(), static_cast<std::size_t>(bytes.size()))));
        if (!image)
            qFatal("%s", image.error().sentence.c_str());
        return *image;
    }

    DemoModel model_;
};

static const Registered<HeldOutTest> registered;

#include "held_out_test.moc"
