import pytest

from core.imap.role_names import NAMES
from core.imap.roles import assign
from core.mail.folder import FolderPath, Role

NOTHING: frozenset[str] = frozenset()


def roles(*folders: str, **used: str) -> dict[str, str]:
    """Paths in order; `used` gives a path its special use."""
    attributes = {FolderPath.parse(path): NOTHING for path in folders}
    attributes |= {FolderPath.parse(path): frozenset({f"\\{use}"}) for path, use in used.items()}
    return {str(path): role.value for path, role in assign(attributes).items()}


@pytest.mark.parametrize(
    "language",
    [
        "Gesendete Objekte|Entwürfe|Spam-Verdacht|Papierkorb|Archiv",
        "Éléments envoyés|Brouillons|Courrier indésirable|Corbeille|Archives",
        "Elementos enviados|Borradores|Correo no deseado|Papelera|Archivo",
        "Posta inviata|Bozze|Posta indesiderata|Cestino|Archivio",
        "Itens enviados|Rascunhos|Lixo eletrônico|Lixeira|Arquivo",
        "Verzonden items|Concepten|Ongewenste e-mail|Prullenbak|Archief",
        "Sendt post|Kladder|Uønsket mail|Slettet post|Arkiv",
        "Skickat|Utkast|Skräppost|Papperskorgen|Arkiv",
        "Sendte elementer|Utkast|Søppelpost|Søppelkasse|Arkiv",
        "Lähetetyt|Luonnokset|Roskaposti|Roskakori|Arkisto",
        "Wysłane|Wersje robocze|Wiadomości-śmieci|Kosz|Archiwum",
        "Odeslaná pošta|Koncepty|Nevyžádaná pošta|Odstraněná pošta|Archiv",
        "Odoslaná pošta|Koncepty|Nevyžiadaná pošta|Kôš|Archív",
        "Poslano|Osnutki|Neželena pošta|Izbrisano|Arhiv",
        "Poslane stavke|Skice|Bezvrijedna e-pošta|Smeće|Arhiva",
        "Elküldött elemek|Piszkozatok|Levélszemét|Törölt elemek|Archívum",
        "Trimise|Ciorne|Nesolicitate|Gunoi|Arhivă",
        "Изпратени|Чернови|Нежелана поща|Кошче|Архив",
        "Отправленные|Черновики|Спам|Корзина|Архив",
        "Надіслані|Чернетки|Спам|Кошик|Архів",
        "Απεσταλμένα|Πρόχειρα|Ανεπιθύμητα|Κάδος|Αρχειοθήκη",
        "Gönderilmiş Öğeler|Taslaklar|İstenmeyen|Çöp Kutusu|Arşiv",
        "נשלח|טיוטות|דואר זבל|אשפה|ארכיון",
        "المرسلة|المسودات|البريد العشوائي|المهملات|الأرشيف",
        "送信済みアイテム|下書き|迷惑メール|ごみ箱|アーカイブ",
        "已发送邮件|草稿|垃圾邮件|已删除邮件|存档",
        "寄件備份|草稿匣|垃圾郵件|刪除的郵件|封存",
        "보낸 편지함|임시 보관함|정크 메일|지운 편지함|보관",
        "Thư đã gửi|Thư nháp|Thư rác|Thùng rác|Lưu trữ",
        "Terkirim|Konsep|Email Sampah|Sampah|Arsip",
        "Saadetud|Mustandid|Rämpspost|Prügikast|Arhiiv",
        "Išsiųsta|Juodraščiai|Šlamštas|Šiukšlinė|Archyvas",
    ],
)
def test_default_folders_are_known_in_many_languages(language: str) -> None:
    names = language.split("|")
    assert [roles(*names)[name] for name in names] == ["Sent", "Drafts", "Junk", "Trash", "Archive"]


def test_no_name_means_two_things() -> None:
    seen: dict[str, Role] = {}
    for role, table in NAMES.items():
        for name in table.split("|"):
            word = " ".join(name.split()).casefold()
            assert seen.setdefault(word, role) is role, word


def test_special_use_comes_before_names() -> None:
    assert roles("INBOX", "Sent", Elsewhere="sent") == {"INBOX": "INBOX", "Elsewhere": "Sent"}


def test_one_folder_a_role() -> None:
    assert roles("Sent Items", "Sent", "Gesendet") == {"Sent": "Sent"}
    assert roles("Gesendet", "Sent Items") == {"Sent Items": "Sent"}
    assert roles(**{"A/Sent": "sent", "Outgoing": "sent"}) == {"Outgoing": "Sent"}
    assert roles(Out="sent", Sent="sent") == {"Sent": "Sent"}


def test_a_folder_with_a_use_is_not_taken_for_its_name() -> None:
    assert roles(Junk="trash") == {"Junk": "Trash"}


def test_names_count_at_the_top_and_in_known_trees_only() -> None:
    assert roles("Projects/Sent", "Projects/Archive") == {}
    assert roles("INBOX/Trash", "[Gmail]/Spam") == {"INBOX/Trash": "Trash", "[Gmail]/Spam": "Junk"}
    assert roles("INBOX/Trash", "Trash") == {"Trash": "Trash"}
    assert roles("INBOX/Deep/Trash") == {}


def test_case_and_composition_do_not_matter() -> None:
    assert roles("SENT") == {"SENT": "Sent"}
    assert roles("Entwu\u0308rfe") == {"Entwu\u0308rfe": "Drafts"}
    assert roles("\u00cbNVOYES") == {}
