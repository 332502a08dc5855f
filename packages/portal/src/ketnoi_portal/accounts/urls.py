"""Addresses of this room."""

from django.http import HttpResponse
from django.urls import path

app_name = "accounts"
urlpatterns = [
    path("cua-toi/", lambda r: HttpResponse(), name="own"),
    path("ra-soat/", lambda r: HttpResponse(), name="review"),
]
