from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

import fawang.kernel.clock
import fawang.kernel.fields
import fawang.kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ImportBatch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fawang.kernel.ids.new_id,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("organisations", "机构"),
                            ("sites", "服务网点"),
                            ("practitioners", "执业人员"),
                        ],
                        max_length=20,
                    ),
                ),
                ("file_name", models.CharField(max_length=200)),
                ("digest", models.CharField(max_length=64)),
                ("made_by", models.CharField(blank=True, max_length=64)),
                ("made_at", models.DateTimeField(default=fawang.kernel.clock.now)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checked", "已检查"),
                            ("refused", "有问题"),
                            ("applied", "已导入"),
                        ],
                        max_length=10,
                    ),
                ),
                ("report", models.JSONField(default=dict)),
                ("rows", fawang.kernel.fields.SealedTextField(blank=True, null=True)),
                ("applied_by", models.CharField(blank=True, max_length=64)),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["kind", "digest"], name="import_digest")
                ],
            },
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fawang.kernel.ids.new_id,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("serial", models.IntegerField(blank=True, null=True, unique=True)),
                ("kind", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=200)),
                ("short_name", models.CharField(blank=True, max_length=60)),
                ("folded", models.CharField(editable=False, max_length=200)),
                (
                    "pinyin_key",
                    models.CharField(blank=True, editable=False, max_length=400),
                ),
                ("uscc", models.CharField(blank=True, max_length=18)),
                ("region_code", models.CharField(max_length=12)),
                ("level", models.CharField(blank=True, max_length=10)),
                ("phone", models.CharField(blank=True, max_length=40)),
                ("address", models.CharField(blank=True, max_length=300)),
                ("head", models.CharField(blank=True, max_length=60)),
                ("established_on", models.DateField(blank=True, null=True)),
                ("approval_no", models.CharField(blank=True, max_length=60)),
                ("languages", models.JSONField(blank=True, default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "正常"),
                            ("suspended", "暂停"),
                            ("closed", "注销"),
                        ],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("valid_to", models.DateField(blank=True, null=True)),
                ("demo", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=fawang.kernel.clock.now)),
                ("version", models.IntegerField(default=1)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="registry.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Practitioner",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fawang.kernel.ids.new_id,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("lawyer", "律师"),
                            ("notary", "公证员"),
                            ("appraiser", "鉴定人"),
                            ("mediator", "人民调解员"),
                            ("grassroots_legal_worker", "基层法律服务工作者"),
                        ],
                        max_length=30,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("folded", models.CharField(editable=False, max_length=100)),
                (
                    "pinyin_key",
                    models.CharField(blank=True, editable=False, max_length=300),
                ),
                ("licence_no", models.CharField(blank=True, max_length=40)),
                ("specialities", models.JSONField(blank=True, default=list)),
                ("languages", models.JSONField(blank=True, default=list)),
                ("political_role", models.CharField(blank=True, max_length=60)),
                ("photo", models.CharField(blank=True, max_length=200)),
                ("licensed_on", models.DateField(blank=True, null=True)),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("valid_to", models.DateField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "待核"),
                            ("active", "执业"),
                            ("suspended", "停止执业"),
                            ("cancelled", "注销"),
                        ],
                        default="active",
                        max_length=10,
                    ),
                ),
                (
                    "identity_index",
                    models.BinaryField(blank=True, max_length=16, null=True),
                ),
                ("staff_id", models.UUIDField(blank=True, null=True, unique=True)),
                ("demo", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=fawang.kernel.clock.now)),
                ("version", models.IntegerField(default=1)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="practitioners",
                        to="registry.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ServiceSite",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=fawang.kernel.ids.new_id,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("centre", "中心"),
                            ("station", "工作站"),
                            ("room", "工作室"),
                        ],
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("folded", models.CharField(editable=False, max_length=200)),
                (
                    "pinyin_key",
                    models.CharField(blank=True, editable=False, max_length=400),
                ),
                ("region_code", models.CharField(max_length=12)),
                ("address", models.CharField(blank=True, max_length=300)),
                ("lon", models.FloatField(blank=True, null=True)),
                ("lat", models.FloatField(blank=True, null=True)),
                ("coord_system", models.CharField(blank=True, max_length=10)),
                ("phone", models.CharField(blank=True, max_length=40)),
                ("opening_hours", models.JSONField(blank=True, default=dict)),
                ("items", models.JSONField(blank=True, default=list)),
                ("accessibility", models.JSONField(blank=True, default=list)),
                (
                    "area_m2",
                    models.DecimalField(
                        blank=True, decimal_places=1, max_digits=8, null=True
                    ),
                ),
                ("head", models.CharField(blank=True, max_length=60)),
                ("founded_on", models.DateField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "开放"),
                            ("suspended", "暂停服务"),
                            ("closed", "撤销"),
                        ],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("demo", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=fawang.kernel.clock.now)),
                ("version", models.IntegerField(default=1)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sites",
                        to="registry.organisation",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(
                fields=["region_code", "kind"], name="organisation_region"
            ),
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(fields=["kind", "state"], name="organisation_kind"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("uscc", ""), _negated=True),
                fields=("uscc",),
                name="organisation_uscc",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "closed"), _negated=True),
                fields=("kind", "region_code", "folded"),
                name="organisation_name_region",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("serial__gte", 0), ("serial__lte", 9999)),
                name="organisation_serial_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("parent", models.F("id")), _negated=True),
                name="organisation_not_own_parent",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_to__gte", models.F("valid_from"))),
                name="organisation_validity",
            ),
        ),
        migrations.AddIndex(
            model_name="practitioner",
            index=models.Index(
                fields=["organisation", "state"], name="practitioner_organisation"
            ),
        ),
        migrations.AddIndex(
            model_name="practitioner",
            index=models.Index(
                fields=["folded"],
                name="practitioner_name",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="practitioner",
            index=models.Index(
                fields=["pinyin_key"],
                name="practitioner_pinyin",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="practitioner",
            index=models.Index(fields=["identity_index"], name="practitioner_identity"),
        ),
        migrations.AddConstraint(
            model_name="practitioner",
            constraint=models.UniqueConstraint(
                condition=models.Q(("licence_no", ""), _negated=True),
                fields=("kind", "licence_no"),
                name="practitioner_licence",
            ),
        ),
        migrations.AddConstraint(
            model_name="practitioner",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_to__gte", models.F("valid_from"))),
                name="practitioner_validity",
            ),
        ),
        migrations.AddIndex(
            model_name="servicesite",
            index=models.Index(fields=["region_code", "level"], name="site_region"),
        ),
        migrations.AddIndex(
            model_name="servicesite",
            index=models.Index(fields=["lat", "lon"], name="site_place"),
        ),
        migrations.AddConstraint(
            model_name="servicesite",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "closed"), _negated=True),
                fields=("region_code", "folded"),
                name="site_name_region",
            ),
        ),
        migrations.AddConstraint(
            model_name="servicesite",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lat__isnull", True), ("lon__isnull", True)),
                    models.Q(
                        ("lat__gte", -90),
                        ("lat__lte", 90),
                        ("lon__gte", -180),
                        ("lon__lte", 180),
                    ),
                    _connector="OR",
                ),
                name="site_coordinates",
            ),
        ),
    ]
